using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>What a retention run did, or would do.</summary>
public sealed class RetentionReport
{
    /// <summary>Partitions whose time is over and in which something was dropped, oldest first.</summary>
    public required IReadOnlyList<DroppedPartition> Partitions { get; init; }

    /// <summary>Events that were dropped one by one, for each rule in its order, and last for the policy's own age.</summary>
    public required IReadOnlyList<long> ByRule { get; init; }

    /// <summary>Bytes of index files that were deleted.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Segments of records that were deleted, because nothing else was in them.</summary>
    public required IReadOnlyList<SegmentUsage> Reclaimed { get; init; }

    /// <summary>Bytes of deleted records that a compaction can give back.</summary>
    public required long DeadBytesLeft { get; init; }

    /// <summary>How long it took until no query found the events of the partitions any more, each partition's commit
    /// acknowledged. What follows, their deletion, goes on beside readers and writers.</summary>
    public required TimeSpan PartitionsOutOfForceAfter { get; init; }

    /// <summary>From the call to the return of the space.</summary>
    public required TimeSpan Duration { get; init; }

    /// <summary>Events dropped in all.</summary>
    public long Events => Partitions.Sum(static p => p.Events) + ByRule.Sum();
}

/// <summary>A partition whose time is over.</summary>
/// <param name="Name">Its name in the scheme.</param>
/// <param name="Events">Events dropped.</param>
/// <param name="Kept">Events that a rule keeps.</param>
/// <param name="IsWhole">True when the partition itself ended; false when most of it is kept, and entries were removed
/// one by one.</param>
public readonly record struct DroppedPartition(string Name, long Events, long Kept, bool IsWhole);
