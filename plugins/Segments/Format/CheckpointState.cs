namespace Mortise.Segments;

/// <summary>The durable state of a store, as one checkpoint file says it.</summary>
internal sealed class CheckpointState
{
    /// <summary>Counts checkpoints, from 1.</summary>
    public required ulong Sequence { get; init; }

    /// <summary>The last batch in it.</summary>
    public required Lsn Lsn { get; init; }

    /// <summary>Where the tombstones are, and how far they count.</summary>
    public required TombstonePosition Tombstones { get; init; }

    /// <summary>In ascending order of numbers; the last is the one that is appended to.</summary>
    public required IReadOnlyList<SegmentEntry> Segments { get; init; }

    /// <summary>Segments that were reclaimed and whose files may still be there.</summary>
    public IReadOnlyList<uint> Dropped { get; init; } = [];
}
