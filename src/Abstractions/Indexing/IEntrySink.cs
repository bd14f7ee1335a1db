namespace Mortise.Indexing;

/// <summary>Receives the entries of a scan. Implemented by a struct, so that the call is inlined per entry.</summary>
/// <remarks>Called while the index holds the entry's memory, so it takes what it wants and returns. It may read the
/// index; it should not wait, for a person or a network least: what leaves the index's cache meanwhile may stay in
/// memory.</remarks>
public interface IEntrySink
{
    /// <summary>Takes one entry.</summary>
    /// <param name="key">Dies when the call returns.</param>
    /// <param name="value">Dies when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
