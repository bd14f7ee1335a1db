namespace Mortise.Segments;

/// <summary>How the frames of a segment lie in its file. The numbers are stored.</summary>
internal enum SegmentEncoding : uint
{
    /// <summary>One after the other, each at its own offset.</summary>
    Plain = 0,

    /// <summary>In compressed blocks; a frame's offset is the one it would have in a plain segment.</summary>
    Packed = 1,
}
