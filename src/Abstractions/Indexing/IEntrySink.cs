namespace Mortise.Indexing;

/// <summary>Receives the entries of a scan. Implemented by a struct, so that the call is inlined per entry.</summary>
public interface IEntrySink
{
    /// <summary>Takes one entry.</summary>
    /// <param name="key">Dies when the call returns.</param>
    /// <param name="value">Dies when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
