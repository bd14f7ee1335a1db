namespace Mortise.Segments;

/// <summary>Finds a frame at an offset without trusting anything that is there.</summary>
internal static class FrameAccess
{
    /// <param name="storeKey">Of the store.</param>
    /// <param name="extent">Holds the offset.</param>
    /// <param name="address">The frame's place.</param>
    /// <param name="expected">The frame's size when it is known, else 0.</param>
    /// <param name="window">Of the caller.</param>
    /// <param name="frame">The frame when it is whole, else empty.</param>
    public static FrameOutcome At(
        ulong storeKey,
        Extent extent,
        SegmentAddress address,
        int expected,
        scoped ref FileWindow window,
        out ReadOnlySpan<byte> frame)
    {
        frame = default;
        long room = extent.End - address.Offset;
        int first = Math.Max(expected, FrameFormat.HeaderBytes);
        if (first > room)
        {
            return FrameOutcome.BadLength;
        }

        ReadOnlySpan<byte> bytes = window.Bytes(extent, address.Offset, first);
        if (bytes.Length < first)
        {
            return window.IsDamaged ? FrameOutcome.BadBlock : FrameOutcome.Missing;
        }

        int size = FrameFormat.PlausibleSize(bytes, room);
        if (size == 0)
        {
            return FrameOutcome.BadLength;
        }

        bytes = size == bytes.Length ? bytes : window.Bytes(extent, address.Offset, size);
        if (bytes.Length < size)
        {
            return FrameOutcome.Missing;
        }

        if (!FrameFormat.Verify(bytes, SegmentFormat.PositionKey(storeKey, address.Location.Value)))
        {
            return FrameOutcome.BadChecksum;
        }

        frame = bytes;
        return FrameOutcome.Whole;
    }
}
