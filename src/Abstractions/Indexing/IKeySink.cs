namespace Mortise.Indexing;

/// <summary>Receives the keys of one record in one family.</summary>
public interface IKeySink
{
    /// <summary>Takes one key.</summary>
    /// <param name="ordinal">What time partitions route by; for events <c>created_at</c> in seconds. The
    /// record's: every key of a record has the same, in every family, so that a range of ordinals is a set of
    /// records.</param>
    /// <param name="key">The key without the location; read before the call returns.</param>
    void Emit(long ordinal, ReadOnlySpan<byte> key);
}
