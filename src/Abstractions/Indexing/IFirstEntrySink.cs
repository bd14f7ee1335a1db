namespace Mortise.Indexing;

/// <summary>Receives the first entries of several ranges. Implemented by a struct, so that the call is inlined per
/// entry.</summary>
/// <remarks>Called while the index holds the entry's memory, so it takes what it wants and returns. It may read the
/// index; it should not wait, for a person or a network least: what leaves the index's cache meanwhile may stay in
/// memory.</remarks>
public interface IFirstEntrySink
{
    /// <summary>Takes the first entry of a range.</summary>
    /// <param name="range">The range's place among those that were asked for.</param>
    /// <param name="key">Dies when the call returns.</param>
    /// <param name="value">Dies when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
