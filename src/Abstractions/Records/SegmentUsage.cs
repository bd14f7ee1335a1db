namespace Mortise.Records;

/// <summary>What one segment of a record store holds.</summary>
/// <param name="Segment">Its number; higher is newer.</param>
/// <param name="IsSealed">True when nothing will be appended to it.</param>
/// <param name="LiveRecords">Records that are not deleted.</param>
/// <param name="LiveBytes">Their bodies' bytes.</param>
/// <param name="DeadRecords">Deleted records.</param>
/// <param name="DeadBytes">Their bodies' bytes.</param>
/// <param name="DiskBytes">What the segment takes on disk.</param>
public readonly record struct SegmentUsage(
    int Segment, bool IsSealed, long LiveRecords, long LiveBytes, long DeadRecords, long DeadBytes, long DiskBytes);
