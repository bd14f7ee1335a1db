namespace Mortise.BTreeIndex;

/// <summary>Consecutive pages.</summary>
/// <param name="Start">The first page.</param>
/// <param name="Count">How many, 1 and up.</param>
internal readonly record struct Extent(uint Start, uint Count)
{
    /// <summary>The page after the last.</summary>
    public uint End => Start + Count;
}
