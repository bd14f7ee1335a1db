namespace Mortise.Segments;

/// <summary>What a checkpoint says of one segment.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="LastFrameBytes">Size of its last frame; it has at least one.</param>
/// <param name="End">Where its records end; what its file holds beyond is not part of the store.</param>
/// <param name="Usage">Its records.</param>
internal readonly record struct SegmentEntry(uint Number, uint LastFrameBytes, long End, RecordTotals Usage);
