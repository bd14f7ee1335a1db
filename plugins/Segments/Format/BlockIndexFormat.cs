using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.Segments;

/// <summary>The index at the end of a sealed packed segment: where each block is, then a trailer. It repeats what the
/// blocks' own headers say, so that opening need not visit them.</summary>
internal static class BlockIndexFormat
{
    public const int EntryBytes = 16;
    public const int TrailerBytes = 32;

    public const int MagicOffset = 0;
    public const int CountOffset = 8;
    public const int ReservedOffset = 12;
    public const int EndOffset = 16;
    public const int ChecksumOffset = 24;

    public static ReadOnlySpan<byte> Magic => "MORT-IDX"u8;

    /// <summary>Encodes an index.</summary>
    /// <param name="entries">In order.</param>
    /// <param name="end">Where the segment's frames end.</param>
    /// <param name="positionKey">Of the index's own place, as of a block.</param>
    public static byte[] Encode(ReadOnlySpan<BlockEntry> entries, long end, ulong positionKey)
    {
        byte[] bytes = new byte[checked(entries.Length * EntryBytes + TrailerBytes)];
        Span<byte> at = bytes;
        foreach (BlockEntry entry in entries)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(at, (uint)(entry.Start / FrameFormat.Alignment));
            BinaryPrimitives.WriteUInt32LittleEndian(at[4..], (uint)(entry.Place / BlockFormat.Alignment));
            BinaryPrimitives.WriteUInt32LittleEndian(at[8..], (uint)entry.ImageBytes);
            BinaryPrimitives.WriteUInt32LittleEndian(at[12..], (uint)entry.FileBytes);
            at = at[EntryBytes..];
        }

        Magic.CopyTo(at);
        BinaryPrimitives.WriteUInt32LittleEndian(at[CountOffset..], (uint)entries.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(at[EndOffset..], (ulong)end);
        BinaryPrimitives.WriteUInt64LittleEndian(
            at[ChecksumOffset..], XxHash3.HashToUInt64(bytes.AsSpan(0, bytes.Length - 8)) ^ positionKey);
        return bytes;
    }

    /// <summary>What the last bytes of a file say of the index that they may end.</summary>
    /// <param name="trailer">Exactly <see cref="TrailerBytes"/>, untrusted: the index itself has to be read to believe
    /// it.</param>
    /// <returns>Bytes of the index and where the segment's frames end; null when it is no trailer.</returns>
    public static (uint IndexBytes, long End)? TryReadTrailer(ReadOnlySpan<byte> trailer)
    {
        long bytes = ((long)BinaryPrimitives.ReadUInt32LittleEndian(trailer[CountOffset..]) * EntryBytes) + TrailerBytes;
        long end = (long)Math.Min(long.MaxValue, BinaryPrimitives.ReadUInt64LittleEndian(trailer[EndOffset..]));
        return trailer.StartsWith(Magic) && bytes <= int.MaxValue ? ((uint)bytes, end) : null;
    }

    /// <summary>Reads an index from untrusted bytes.</summary>
    /// <param name="bytes">The whole index.</param>
    /// <param name="place">Where it begins in the file: where the blocks end.</param>
    /// <param name="end">Where the segment's frames must end.</param>
    /// <param name="positionKey">As for <see cref="Encode"/>.</param>
    /// <returns>Null when it is not the index of such a segment.</returns>
    public static BlockEntry[]? TryDecode(ReadOnlySpan<byte> bytes, long place, long end, ulong positionKey)
    {
        if (bytes.Length < TrailerBytes)
        {
            return null;
        }

        ReadOnlySpan<byte> trailer = bytes[^TrailerBytes..];
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(trailer[CountOffset..]);
        if (!trailer.StartsWith(Magic)
            || (long)count * EntryBytes + TrailerBytes != bytes.Length
            || BinaryPrimitives.ReadUInt64LittleEndian(trailer[EndOffset..]) != (ulong)end
            || BinaryPrimitives.ReadUInt64LittleEndian(trailer[ChecksumOffset..])
                != (XxHash3.HashToUInt64(bytes[..^8]) ^ positionKey))
        {
            return null;
        }

        var entries = new BlockEntry[count];
        (long Start, long Place) least = (0, SegmentHeader.Bytes);
        for (int i = 0; i < entries.Length; i++)
        {
            ReadOnlySpan<byte> at = bytes[(i * EntryBytes)..];
            var entry = new BlockEntry(
                (long)BinaryPrimitives.ReadUInt32LittleEndian(at) * FrameFormat.Alignment,
                (long)BinaryPrimitives.ReadUInt32LittleEndian(at[4..]) * BlockFormat.Alignment,
                (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(at[8..])),
                (int)Math.Min(int.MaxValue, BinaryPrimitives.ReadUInt32LittleEndian(at[12..])));
            if (entry.Start <= least.Start || entry.Start >= end || entry.Place < least.Place
                || entry.ImageBytes > BlockFormat.MaxImageBytes || entry.FileBytes < BlockFormat.HeaderBytes
                || entry.Place + entry.FileBytes > place)
            {
                return null;
            }

            entries[i] = entry;
            least = (entry.Start, entry.Place + entry.FileBytes);
        }

        return entries;
    }
}
