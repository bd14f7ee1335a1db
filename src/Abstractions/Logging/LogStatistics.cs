namespace Mortise.Logging;

/// <summary>Counters of a log.</summary>
/// <param name="Appends">Records appended since open.</param>
/// <param name="AppendedBytes">Payload bytes appended since open.</param>
/// <param name="Syncs">Device syncs since open.</param>
/// <param name="Segments">Segment files in use.</param>
/// <param name="DiskBytes">Bytes of all files of the log, recycled ones included.</param>
public readonly record struct LogStatistics(
    long Appends, long AppendedBytes, long Syncs, int Segments, long DiskBytes);
