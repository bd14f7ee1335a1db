using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Mortise.Primitives;

namespace Mortise.Segments;

/// <summary>One block of a packed segment: a header of 24 bytes, whole frames in compressed form, zeros up to a multiple
/// of 8.</summary>
internal static class BlockFormat
{
    public const int HeaderBytes = 24;
    public const int Alignment = 8;

    public const int ChecksumOffset = 0;
    public const int StartOffset = 8;
    public const int ImageBytesOffset = 12;
    public const int StoredBytesOffset = 16;
    public const int CodecOffset = 20;
    public const int ReservedOffset = 21;

    /// <summary>The most frames that one block may hold, in bytes: one record of the largest size.</summary>
    public const int MaxImageBytes = FrameFormat.MaxBodyBytes + FrameFormat.MinFrameBytes;

    // Bits of the window; blocks are rarely larger.
    private const int BrotliWindow = 18;

    /// <summary>The most bytes that a block of so many frame bytes takes in the file.</summary>
    public static int MaxFileBytes(int imageBytes) => HeaderBytes + imageBytes;

    /// <summary>What the position check of a block is made of: never what that of a record is made of.</summary>
    public static ulong Place(uint segment, long fileOffset) => ~(((ulong)segment << 32) | (uint)(fileOffset / Alignment));

    /// <summary>Writes one block.</summary>
    /// <param name="to">At least <see cref="MaxFileBytes"/>.</param>
    /// <param name="frames">Whole frames; a multiple of 8 bytes.</param>
    /// <param name="start">Offset of the first frame in the segment.</param>
    /// <param name="level">Brotli's quality, 0 to 11.</param>
    /// <param name="positionKey">Of <see cref="Place"/>.</param>
    /// <returns>The block's size.</returns>
    public static int Write(Span<byte> to, ReadOnlySpan<byte> frames, long start, int level, ulong positionKey)
    {
        Invariant.Holds(frames.Length % FrameFormat.Alignment == 0 && to.Length >= MaxFileBytes(frames.Length));
        Span<byte> room = to.Slice(HeaderBytes, frames.Length);
        var codec = BlockCodec.Brotli;
        if (!BrotliEncoder.TryCompress(frames, room[..^1], out int stored, level, BrotliWindow))
        {
            frames.CopyTo(room);
            stored = frames.Length;
            codec = BlockCodec.Stored;
        }

        int size = Size((uint)stored);
        to[(HeaderBytes + stored)..size].Clear();
        to[..HeaderBytes].Clear();
        BinaryPrimitives.WriteUInt32LittleEndian(to[StartOffset..], (uint)(start / FrameFormat.Alignment));
        BinaryPrimitives.WriteUInt32LittleEndian(to[ImageBytesOffset..], (uint)frames.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(to[StoredBytesOffset..], (uint)stored);
        to[CodecOffset] = (byte)codec;
        BinaryPrimitives.WriteUInt64LittleEndian(to, XxHash3.HashToUInt64(to[StartOffset..size]) ^ positionKey);
        return size;
    }

    /// <summary>Reads a header without trusting it.</summary>
    /// <param name="header"><see cref="HeaderBytes"/> bytes.</param>
    /// <param name="place">Where they are in the file.</param>
    /// <param name="room">Bytes of the file from there on.</param>
    /// <param name="entry">What it says.</param>
    /// <returns>False when it cannot be a header.</returns>
    public static bool TryReadHeader(ReadOnlySpan<byte> header, long place, long room, out BlockEntry entry)
    {
        entry = default;
        if (header.Length < HeaderBytes)
        {
            return false;
        }

        uint image = BinaryPrimitives.ReadUInt32LittleEndian(header[ImageBytesOffset..]);
        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(header[StoredBytesOffset..]);
        long start = (long)BinaryPrimitives.ReadUInt32LittleEndian(header[StartOffset..]) * FrameFormat.Alignment;
        bool isPossible = image is >= FrameFormat.MinFrameBytes and <= MaxImageBytes
            && image % FrameFormat.Alignment == 0
            && stored >= 1 && stored <= image
            && (stored == image) == (header[CodecOffset] == (byte)BlockCodec.Stored)
            && header[CodecOffset] <= (byte)BlockCodec.Brotli
            && !header[ReservedOffset..HeaderBytes].ContainsAnyExcept((byte)0)
            && start >= SegmentHeader.Bytes
            && start + image <= FrameFormat.MaxSegmentBytes
            && Size(stored) <= room;
        entry = isPossible ? new BlockEntry(start, place, (int)image, Size(stored)) : default;
        return isPossible;
    }

    /// <summary>True when a whole block is what was written at its place.</summary>
    public static bool Verify(ReadOnlySpan<byte> block, ulong positionKey) =>
        BinaryPrimitives.ReadUInt64LittleEndian(block) == (XxHash3.HashToUInt64(block[StartOffset..]) ^ positionKey);

    /// <summary>Gives the frames of a block that <see cref="Verify"/> has passed.</summary>
    /// <param name="block">The whole block.</param>
    /// <param name="image">Exactly the size that its header says.</param>
    /// <returns>False when the stored bytes do not make that many.</returns>
    public static bool TryDecode(ReadOnlySpan<byte> block, Span<byte> image)
    {
        ReadOnlySpan<byte> stored = block.Slice(
            HeaderBytes, (int)BinaryPrimitives.ReadUInt32LittleEndian(block[StoredBytesOffset..]));
        if (block[CodecOffset] == (byte)BlockCodec.Stored)
        {
            stored.CopyTo(image);
            return true;
        }

        return BrotliDecoder.TryDecompress(stored, image, out int written) && written == image.Length;
    }

    private static int Size(uint stored) => (int)((HeaderBytes + stored + Alignment - 1) & ~(Alignment - 1u));
}
