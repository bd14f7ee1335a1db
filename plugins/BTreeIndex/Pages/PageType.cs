namespace Mortise.BTreeIndex;

/// <summary>What a page is. The numbers are stored in files.</summary>
internal enum PageType : byte
{
    /// <summary>Says which state is durable; pages 0 and 1.</summary>
    Meta = 1,

    /// <summary>A part of the run directory.</summary>
    Directory = 2,

    /// <summary>Entries.</summary>
    Leaf = 3,

    /// <summary>Separators between pages of the level below.</summary>
    Branch = 4,

    /// <summary>A part of a run's point-lookup filter.</summary>
    Filter = 5,
}
