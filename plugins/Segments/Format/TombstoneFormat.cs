using System.Buffers.Binary;
using System.IO.Hashing;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>The tombstone file: a header, then one block of deleted locations per checkpoint that had any.</summary>
internal static class TombstoneFormat
{
    public const int VersionOffset = 8;
    public const int GenerationOffset = 12;
    public const int StoreIdOffset = 16;
    public const int HeaderChecksumOffset = 32;
    public const int HeaderBytes = 40;

    public const int BlockChecksumOffset = 0;
    public const int BlockLsnOffset = 8;
    public const int BlockCountOffset = 16;
    public const int BlockBodyBytesOffset = 20;
    public const int BlockHeaderBytes = 24;

    /// <summary>Locations in one block at most, so that no length is near 2^31.</summary>
    public const int MaxBlockCount = 1 << 24;

    public static ReadOnlySpan<byte> Magic => "MORT-DEL"u8;

    public static byte[] CreateHeader(Guid storeId, uint generation)
    {
        byte[] bytes = new byte[HeaderBytes];
        Magic.CopyTo(bytes);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(VersionOffset), SegmentFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(GenerationOffset), generation);
        storeId.TryWriteBytes(bytes.AsSpan(StoreIdOffset), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(
            bytes.AsSpan(HeaderChecksumOffset), XxHash3.HashToUInt64(bytes.AsSpan(0, HeaderChecksumOffset)));
        return bytes;
    }

    /// <summary>What is wrong with a header, or null.</summary>
    public static StorageException? HeaderProblem(ReadOnlySpan<byte> bytes, Guid storeId, uint generation, string file)
    {
        if (bytes.Length < HeaderBytes)
        {
            return StorageException.Corrupt(file, 0, $"ends after {bytes.Length} bytes, in its header of {HeaderBytes}");
        }

        if (!bytes.StartsWith(Magic))
        {
            return SegmentFormat.UnknownWriter(file);
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(bytes[VersionOffset..]);
        if (SegmentFormat.VersionProblem(version, file) is { } problem)
        {
            return problem;
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes[HeaderChecksumOffset..])
            != XxHash3.HashToUInt64(bytes[..HeaderChecksumOffset]))
        {
            return StorageException.Corrupt(file, 0, "the header fails its checksum");
        }

        var store = new Guid(bytes.Slice(StoreIdOffset, 16), bigEndian: true);
        if (store != storeId)
        {
            return SegmentFormat.Foreign(store, storeId, file, StoreIdOffset);
        }

        uint found = BinaryPrimitives.ReadUInt32LittleEndian(bytes[GenerationOffset..]);
        return found == generation
            ? null
            : StorageException.Corrupt(file, GenerationOffset, $"is generation {found}, expected {generation}");
    }

    /// <summary>Encodes one block.</summary>
    /// <param name="locations">Strictly ascending location values, 1 to <see cref="MaxBlockCount"/>.</param>
    /// <param name="lsn">The checkpoint's LSN.</param>
    /// <param name="positionKey">Of <see cref="Place"/>.</param>
    public static byte[] EncodeBlock(ReadOnlySpan<ulong> locations, Lsn lsn, ulong positionKey)
    {
        Invariant.Holds(locations.Length is > 0 and <= MaxBlockCount);
        byte[] bytes = new byte[BlockHeaderBytes + locations.Length * Varint.MaxBytes];
        int at = BlockHeaderBytes;
        ulong previous = 0;
        foreach (ulong location in locations)
        {
            Invariant.Holds(location > previous);
            at += Varint.Write(bytes.AsSpan(at), location - previous);
            previous = location;
        }

        Array.Resize(ref bytes, at);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(BlockLsnOffset), lsn.Value);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(BlockCountOffset), (uint)locations.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(BlockBodyBytesOffset), (uint)(at - BlockHeaderBytes));
        BinaryPrimitives.WriteUInt64LittleEndian(
            bytes, XxHash3.HashToUInt64(bytes.AsSpan(BlockLsnOffset)) ^ positionKey);
        return bytes;
    }

    /// <summary>A block's size by its own header; 0 when that cannot be one.</summary>
    public static long BlockBytes(ReadOnlySpan<byte> header)
    {
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(header[BlockCountOffset..]);
        uint body = BinaryPrimitives.ReadUInt32LittleEndian(header[BlockBodyBytesOffset..]);
        bool possible = count - 1 < MaxBlockCount && body >= count && body <= (long)count * Varint.MaxBytes;
        return possible ? BlockHeaderBytes + (long)body : 0;
    }

    /// <summary>The checkpoint's LSN that a block's header says.</summary>
    public static Lsn LsnOf(ReadOnlySpan<byte> header) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(header[BlockLsnOffset..]));

    /// <summary>Reads one block from untrusted bytes into a list.</summary>
    /// <param name="bytes">From the block's start to the end of what counts.</param>
    /// <param name="positionKey">Of <see cref="Place"/>.</param>
    /// <param name="locations">Receives the locations.</param>
    /// <param name="chain">Continued by the block's checksum.</param>
    /// <returns>The block's size; 0 when it is damaged, and then nothing was added.</returns>
    public static int TryDecodeBlock(
        ReadOnlySpan<byte> bytes, ulong positionKey, List<RecordLocation> locations, ref ulong chain)
    {
        if (bytes.Length < BlockHeaderBytes)
        {
            return 0;
        }

        long declared = BlockBytes(bytes);
        if (declared == 0 || declared > bytes.Length)
        {
            return 0;
        }

        int size = (int)declared;
        uint count = BinaryPrimitives.ReadUInt32LittleEndian(bytes[BlockCountOffset..]);
        ulong checksum = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        if (checksum != (XxHash3.HashToUInt64(bytes[BlockLsnOffset..size]) ^ positionKey))
        {
            return 0;
        }

        int before = locations.Count;
        int at = BlockHeaderBytes;
        ulong value = 0;
        for (uint i = 0; i < count; i++)
        {
            int read = Varint.TryRead(bytes[at..size], out ulong delta);
            if (read == 0 || delta == 0 || value + delta < value)
            {
                locations.RemoveRange(before, locations.Count - before);
                return 0;
            }

            at += read;
            value += delta;
            locations.Add(new RecordLocation(value));
        }

        if (at != size)
        {
            locations.RemoveRange(before, locations.Count - before);
            return 0;
        }

        chain = Link(chain, checksum);
        return size;
    }

    /// <summary>What the position check of a block is made of.</summary>
    public static ulong Place(uint generation, long offset) => ((ulong)generation << 40) ^ (ulong)offset ^ (1UL << 63);

    /// <summary>Continues the chain over a block's checksum.</summary>
    public static ulong Link(ulong chain, ulong blockChecksum) => SegmentFormat.PositionKey(chain, blockChecksum);

    /// <summary>The checksum that a block starts with.</summary>
    public static ulong BlockChecksum(ReadOnlySpan<byte> block) => BinaryPrimitives.ReadUInt64LittleEndian(block);
}
