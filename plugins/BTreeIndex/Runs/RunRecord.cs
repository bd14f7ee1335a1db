namespace Mortise.BTreeIndex;

/// <summary>What the directory says about a run.</summary>
internal sealed class RunRecord
{
    /// <summary>Never used twice in a file; the owner field of all its pages.</summary>
    public required ulong Id { get; init; }

    /// <summary>Entries, tombstones included; 1 and up.</summary>
    public required ulong Entries { get; init; }

    public required ulong Tombstones { get; init; }

    /// <summary>Levels of branches above the leaves; 0 when the one leaf is the root.</summary>
    public required int Height { get; init; }

    public required ExtentList Leaves { get; init; }

    /// <summary>Level by level from below; the last is the root.</summary>
    public required ExtentList Branches { get; init; }

    /// <summary>The pages of the filter; a count of 0 for a run without one.</summary>
    public required Extent Filter { get; init; }

    /// <summary>Blocks of the filter; 0 without one.</summary>
    public required uint FilterBlocks { get; init; }

    public required byte[] FirstKey { get; init; }

    public required byte[] LastKey { get; init; }

    /// <summary>All its pages.</summary>
    public void AddExtents(List<Extent> to)
    {
        foreach (Extent extent in Leaves.Extents)
        {
            to.Add(extent);
        }

        foreach (Extent extent in Branches.Extents)
        {
            to.Add(extent);
        }

        if (Filter.Count > 0)
        {
            to.Add(Filter);
        }
    }
}
