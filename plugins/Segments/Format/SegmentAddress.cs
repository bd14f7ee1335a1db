using Mortise.Records;

namespace Mortise.Segments;

/// <summary>What a <see cref="RecordLocation"/> of this store means: the segment number in the high 32 bits, the frame's
/// offset in its segment, in units of 8 bytes, in the low 32.</summary>
/// <param name="Segment">The segment's number, from 1.</param>
/// <param name="Offset">Byte offset of the frame in the segment, a multiple of 8.</param>
internal readonly record struct SegmentAddress(uint Segment, long Offset)
{
    public RecordLocation Location => new(((ulong)Segment << 32) | (uint)(Offset / FrameFormat.Alignment));

    public static SegmentAddress Of(RecordLocation location) =>
        new((uint)(location.Value >> 32), (long)(uint)location.Value * FrameFormat.Alignment);
}
