using System.Buffers.Binary;
using System.IO.Hashing;
using Mortise.Primitives;

namespace Mortise.Segments;

/// <summary>One record in a segment: a header of 24 bytes, the body, zeros up to a multiple of 8.</summary>
internal static class FrameFormat
{
    public const int HeaderBytes = 24;
    public const int Alignment = 8;

    /// <summary>The smallest frame: a header and a body of 1 to 8 bytes. No two frames start within 32 bytes.</summary>
    public const int MinFrameBytes = 32;

    /// <summary>The largest body that any version of the format allows.</summary>
    public const int MaxBodyBytes = 1 << 30;

    /// <summary>The largest end of a segment that a location can name.</summary>
    public const long MaxSegmentBytes = (long)uint.MaxValue * Alignment;

    public const int ChecksumOffset = 0;
    public const int LengthOffset = 8;
    public const int PreviousOffset = 12;
    public const int LsnOffset = 16;
    public const int FlagsOffset = 23;

    /// <summary>In place of records that are lost: a frame that says so, and no record.</summary>
    public const byte LostFlag = 1;

    private const int LsnBits = 56;

    public static ulong MaxLsn => (1UL << LsnBits) - 1;

    /// <summary>Bytes that a body takes in a segment.</summary>
    public static long Size(int bodyBytes) => ((long)bodyBytes + HeaderBytes + Alignment - 1) & ~(Alignment - 1L);

    public static int BodyBytes(ReadOnlySpan<byte> frame) =>
        (int)BinaryPrimitives.ReadUInt32LittleEndian(frame[LengthOffset..]);

    /// <summary>Size of the frame before this one in its segment; 0 for the first.</summary>
    public static uint PreviousBytes(ReadOnlySpan<byte> frame) =>
        BinaryPrimitives.ReadUInt32LittleEndian(frame[PreviousOffset..]);

    public static Lsn LsnOf(ReadOnlySpan<byte> frame) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(frame[LsnOffset..]) & ((1UL << LsnBits) - 1));

    public static byte Flags(ReadOnlySpan<byte> frame) => frame[FlagsOffset];

    /// <summary>True for a frame that stands where records were lost.</summary>
    public static bool IsLost(ReadOnlySpan<byte> frame) => Flags(frame) == LostFlag;

    /// <summary>The frame's size by its own header.</summary>
    /// <returns>0 when the length cannot be one, or the frame would not fit.</returns>
    public static int PlausibleSize(ReadOnlySpan<byte> header, long room)
    {
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(header[LengthOffset..]);
        if (length - 1 >= MaxBodyBytes)
        {
            return 0;
        }

        long size = Size((int)length);
        return size <= room ? (int)size : 0;
    }

    /// <summary>Writes a frame over a region whose records are lost.</summary>
    /// <param name="frame">At least <see cref="MinFrameBytes"/>, a multiple of <see cref="Alignment"/>.</param>
    /// <param name="previousBytes">As for <see cref="Write"/>.</param>
    /// <param name="lsn">Of the frame before.</param>
    /// <param name="positionKey">Of its location.</param>
    public static void WriteLost(Span<byte> frame, uint previousBytes, Lsn lsn, ulong positionKey)
    {
        Invariant.Holds(frame.Length >= MinFrameBytes && frame.Length % Alignment == 0);
        frame.Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(frame[LengthOffset..], (uint)(frame.Length - HeaderBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(frame[PreviousOffset..], previousBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[LsnOffset..], lsn.Value);
        frame[FlagsOffset] = LostFlag;
        BinaryPrimitives.WriteUInt64LittleEndian(frame, Checksum(frame, positionKey));
    }

    /// <summary>Makes a whole frame follow another one than before.</summary>
    public static void SetPrevious(Span<byte> frame, uint previousBytes, ulong positionKey)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(frame[PreviousOffset..], previousBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame, Checksum(frame, positionKey));
    }

    /// <summary>Writes a whole frame.</summary>
    /// <param name="frame">Exactly <see cref="Size"/> bytes.</param>
    /// <param name="body">The record.</param>
    /// <param name="previousBytes">Size of the frame before, 0 for the first of a segment.</param>
    /// <param name="lsn">The commit that puts it.</param>
    /// <param name="positionKey">Of its location.</param>
    public static void Write(
        Span<byte> frame, ReadOnlySpan<byte> body, uint previousBytes, Lsn lsn, ulong positionKey)
    {
        Invariant.Holds(frame.Length == Size(body.Length) && lsn.Value <= MaxLsn);
        frame[(HeaderBytes + body.Length)..].Clear();
        body.CopyTo(frame[HeaderBytes..]);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[LengthOffset..], (uint)body.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[PreviousOffset..], previousBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(frame[LsnOffset..], lsn.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(frame, Checksum(frame, positionKey));
    }

    /// <summary>The checksum that a frame says it has.</summary>
    public static ulong ChecksumOf(ReadOnlySpan<byte> frame) => BinaryPrimitives.ReadUInt64LittleEndian(frame);

    /// <summary>True when the frame is whole, in its place, and of a kind that this version knows.</summary>
    public static bool Verify(ReadOnlySpan<byte> frame, ulong positionKey) =>
        ChecksumOf(frame) == Checksum(frame, positionKey) && Flags(frame) <= LostFlag;

    private static ulong Checksum(ReadOnlySpan<byte> frame, ulong positionKey) =>
        XxHash3.HashToUInt64(frame[LengthOffset..]) ^ positionKey;
}
