namespace Mortise.Indexing;

/// <summary>Receives the first entries of several ranges. Implemented by a struct, so that the call is inlined per
/// entry.</summary>
public interface IFirstEntrySink
{
    /// <summary>Takes the first entry of a range.</summary>
    /// <param name="range">The range's place among those that were asked for.</param>
    /// <param name="key">Dies when the call returns.</param>
    /// <param name="value">Dies when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(int range, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value);
}
