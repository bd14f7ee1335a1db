using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What dropping ranges did, or would do.</summary>
public sealed class RangeDropReport
{
    /// <summary>What became of each range.</summary>
    public required IReadOnlyList<DroppedRange> Ranges { get; init; }

    /// <summary>Bytes of index files that were deleted; before a dry run those that would be.</summary>
    public required long IndexBytes { get; init; }

    /// <summary>Segments of records that held nothing else any more and were deleted.</summary>
    public required IReadOnlyList<SegmentUsage> Reclaimed { get; init; }

    /// <summary>Bytes of deleted records whose space a compaction can give back.</summary>
    public required long DeadBytesLeft { get; init; }

    /// <summary>From the call until no reader saw the records any more, and each range's commit was acknowledged.</summary>
    public required TimeSpan OutOfForceAfter { get; init; }

    /// <summary>From the call to the return of the space.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>What became of one range.</summary>
/// <param name="Range">The range.</param>
/// <param name="Records">Records deleted; where partitions ended whole and space was left, about how many, by their
/// indexes.</param>
/// <param name="Kept">Records that are kept.</param>
/// <param name="Partitions">Partitions that ended whole, of all families; one that several ranges share counts for the
/// last.</param>
public readonly record struct DroppedRange(OrdinalRange Range, long Records, long Kept, int Partitions);
