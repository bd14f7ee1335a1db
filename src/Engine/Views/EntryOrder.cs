namespace Mortise.Engine;

/// <summary>What a reader of a family knows about the order of entries within its range.</summary>
public enum EntryOrder
{
    /// <summary>Only that keys ascend: all partitions of the family are merged.</summary>
    ByKey = 1,

    /// <summary>Ordinals descend as keys ascend, as in a range with one prefix before an inverted time: partitions with
    /// disjoint bounds are read one after the other, and a reader that stops early never opens the rest.</summary>
    NewestFirst = 2,
}
