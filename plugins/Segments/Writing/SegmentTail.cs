namespace Mortise.Segments;

/// <summary>The place where the next record goes.</summary>
/// <param name="Segment">The segment that is appended to; 0 before the first record.</param>
/// <param name="End">Where its frames end.</param>
internal readonly record struct SegmentTail(uint Segment, long End)
{
    /// <summary>Where a record of this length goes, by the size that segments should have.</summary>
    public SegmentAddress Place(int bodyBytes, long segmentBytes)
    {
        bool fits = Segment != 0 && End + FrameFormat.Size(bodyBytes) <= segmentBytes;
        return fits ? new SegmentAddress(Segment, End) : NextSegment;
    }

    /// <summary>True when a record may be put there: right behind the last one, or first in the next segment.</summary>
    public bool IsContinuedBy(SegmentAddress address) =>
        (Segment != 0 && address.Segment == Segment && address.Offset == End) || address == NextSegment;

    /// <summary>The tail after a record was put.</summary>
    public static SegmentTail After(SegmentAddress address, int bodyBytes) =>
        new(address.Segment, address.Offset + FrameFormat.Size(bodyBytes));

    private SegmentAddress NextSegment => new(checked(Segment + 1), SegmentHeader.Bytes);
}
