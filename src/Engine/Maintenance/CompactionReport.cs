using Mortise.Records;

namespace Mortise.Engine;

/// <summary>What a compaction did, or would do.</summary>
public sealed class CompactionReport
{
    /// <summary>Segments that were, or would be, rewritten, with their usage before.</summary>
    public required IReadOnlyList<SegmentUsage> Segments { get; init; }

    /// <summary>Live records moved.</summary>
    public required long MovedRecords { get; init; }

    /// <summary>Their bytes.</summary>
    public required long MovedBytes { get; init; }

    /// <summary>Deleted records whose space was given back.</summary>
    public required long ReclaimedRecords { get; init; }

    /// <summary>Bytes of all record files before.</summary>
    public required long DiskBytesBefore { get; init; }

    /// <summary>Bytes of all record files after.</summary>
    public required long DiskBytesAfter { get; init; }
}
