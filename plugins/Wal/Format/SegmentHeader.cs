using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.Wal.Format;

/// <summary>The first block of a segment.</summary>
internal sealed class SegmentHeader
{
    public const uint RestartFlag = 1;
    public const uint RecycledFlag = 2;

    public required Guid StoreId { get; init; }

    public required ulong Sequence { get; init; }

    /// <summary>Makes this use of the file unlike every other, also to somebody who chooses payloads.</summary>
    public required ulong Salt { get; init; }

    /// <summary>The LSN of the first record here; every earlier segment ends in front of it.</summary>
    public required ulong FirstLsn { get; init; }

    /// <summary>Everything up to here was durable when the segment was started.</summary>
    public required ulong DurableLsn { get; init; }

    /// <summary>The segment in front of this one when it was started; 0 when there was none.</summary>
    public required ulong Previous { get; init; }

    public required long TimeMicroseconds { get; init; }

    public required WalChecksum Checksum { get; init; }

    /// <summary>The log begins here, whatever stands in older segments.</summary>
    public bool IsRestart { get; init; }

    /// <summary>The file held an older segment before: bytes behind the records say nothing.</summary>
    public bool IsRecycled { get; init; }

    public FrameChecksum FrameChecksum
    {
        get
        {
            Span<byte> identity = stackalloc byte[32];
            StoreId.TryWriteBytes(identity, bigEndian: true, out _);
            BinaryPrimitives.WriteUInt64LittleEndian(identity[16..], Sequence);
            BinaryPrimitives.WriteUInt64LittleEndian(identity[24..], Salt);
            return new FrameChecksum(XxHash3.HashToUInt64(identity), Checksum);
        }
    }

    public void Write(Span<byte> block)
    {
        block.Clear();
        WalFormat.SegmentMagic.CopyTo(block);
        BinaryPrimitives.WriteUInt32LittleEndian(block[8..], WalFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(
            block[12..], (IsRestart ? RestartFlag : 0) | (IsRecycled ? RecycledFlag : 0));
        StoreId.TryWriteBytes(block[16..], bigEndian: true, out _);
        BinaryPrimitives.WriteUInt64LittleEndian(block[32..], Sequence);
        BinaryPrimitives.WriteUInt64LittleEndian(block[40..], Salt);
        BinaryPrimitives.WriteUInt64LittleEndian(block[48..], FirstLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(block[56..], DurableLsn);
        BinaryPrimitives.WriteUInt64LittleEndian(block[64..], Previous);
        BinaryPrimitives.WriteInt64LittleEndian(block[72..], TimeMicroseconds);
        BinaryPrimitives.WriteUInt32LittleEndian(block[80..], (uint)Checksum);
        BinaryPrimitives.WriteUInt64LittleEndian(
            block[WalFormat.HeaderChecksumAt..], Crc64.HashToUInt64(block[..WalFormat.HeaderChecksumAt]));
    }

    /// <summary>Reads a header from untrusted bytes.</summary>
    /// <param name="block">What the file begins with; may be short.</param>
    /// <param name="file">The file's path, for messages.</param>
    /// <param name="sequence">The sequence that the file's name says.</param>
    /// <param name="storeId">The store it must belong to; null to accept any.</param>
    /// <exception cref="StorageException">It is not a header that this code can use.</exception>
    public static SegmentHeader Read(ReadOnlySpan<byte> block, string file, ulong sequence, Guid? storeId)
    {
        if (block.Length < WalFormat.HeaderBytes)
        {
            throw StorageException.Corrupt(
                file, 0, $"a segment begins with {WalFormat.HeaderBytes} bytes of header, the file has {block.Length}");
        }

        if (!block.StartsWith(WalFormat.SegmentMagic))
        {
            throw StorageException.Corrupt(file, 0, "not a segment of a log: the magic number is missing");
        }

        ulong expected = BinaryPrimitives.ReadUInt64LittleEndian(block[WalFormat.HeaderChecksumAt..]);
        ulong found = Crc64.HashToUInt64(block[..WalFormat.HeaderChecksumAt]);
        if (expected != found)
        {
            throw StorageException.Corrupt(
                file, WalFormat.HeaderChecksumAt,
                $"segment header checksum is {found:x16}, the file says {expected:x16}");
        }

        FormatVersion.Check(BinaryPrimitives.ReadUInt32LittleEndian(block[8..]), file);
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(block[12..]);
        var header = new SegmentHeader
        {
            StoreId = new Guid(block.Slice(16, 16), bigEndian: true),
            Sequence = BinaryPrimitives.ReadUInt64LittleEndian(block[32..]),
            Salt = BinaryPrimitives.ReadUInt64LittleEndian(block[40..]),
            FirstLsn = BinaryPrimitives.ReadUInt64LittleEndian(block[48..]),
            DurableLsn = BinaryPrimitives.ReadUInt64LittleEndian(block[56..]),
            Previous = BinaryPrimitives.ReadUInt64LittleEndian(block[64..]),
            TimeMicroseconds = BinaryPrimitives.ReadInt64LittleEndian(block[72..]),
            Checksum = (WalChecksum)BinaryPrimitives.ReadUInt32LittleEndian(block[80..]),
            IsRestart = (flags & RestartFlag) != 0,
            IsRecycled = (flags & RecycledFlag) != 0,
        };
        FormatVersion.CheckStore(header.StoreId, storeId, file);
        if (header.Sequence != sequence)
        {
            throw StorageException.Corrupt(
                file, 32, $"the file's name says segment {sequence:x16}, its header {header.Sequence:x16}");
        }

        if (!Enum.IsDefined(header.Checksum) || header.FirstLsn is 0 or ulong.MaxValue
            || (flags & ~(RestartFlag | RecycledFlag)) != 0)
        {
            throw StorageException.Corrupt(file, 12, "the segment header holds values that no version 1 writer writes");
        }

        return header;
    }
}
