using System.Buffers.Binary;
using Mortise.Files;
using Mortise.Primitives;

namespace Mortise.Reference;

/// <summary>Computes the checksum of a frame.</summary>
/// <param name="storeId">The store that the log belongs to.</param>
/// <param name="offset">Where in the file the frame begins.</param>
/// <param name="frame">The whole frame; its checksum field does not count.</param>
internal delegate uint FrameChecksum(Guid storeId, long offset, ReadOnlySpan<byte> frame);

/// <summary>The layout of a <see cref="SimpleLog"/>, little-endian.</summary>
/// <remarks>
/// Header, 64 bytes: magic u64, version u32, zero u32, store id 16 bytes, first LSN u64, sealed bytes u64 (what was
/// durable when the file got its name), zeroes, CRC-32C u32 of all before it. Record: payload length u32, LSN u64, the
/// LSN that was durable when it was written u64, CRC-32C u32 over store id, offset, the three and the payload; payload.
/// </remarks>
internal static class SimpleLogFormat
{
    public const int HeaderBytes = 64;
    public const int FrameBytes = 24;
    public const int MaxPayloadBytes = 1 << 20;
    private const ulong Magic = 0x31474F4C4953524D; // "MRSILOG1" in file order.
    private const uint Version = 1;

    public static byte[] Header(Guid storeId, Lsn first, long sealedBytes)
    {
        byte[] header = new byte[HeaderBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(header, Magic);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(8), Version);
        storeId.TryWriteBytes(header.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(header.AsSpan(32), first.Value);
        BinaryPrimitives.WriteInt64LittleEndian(header.AsSpan(40), sealedBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(header.AsSpan(60), Crc32C.Of(header.AsSpan(0, 60)));
        return header;
    }

    public static (Lsn First, long SealedBytes) ReadHeader(IStorageFile file, Guid storeId)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        if (file.Read(header, 0) != HeaderBytes
            || BinaryPrimitives.ReadUInt64LittleEndian(header) != Magic
            || BinaryPrimitives.ReadUInt32LittleEndian(header[60..]) != Crc32C.Of(header[..60]))
        {
            throw StorageException.Corrupt(file.Path, 0, "the header has a wrong magic or checksum");
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(header[8..]);
        if (version != Version)
        {
            throw new StorageException(
                version < Version ? StorageErrorCode.FormatTooOld : StorageErrorCode.FormatTooNew,
                $"format version {version}, this code reads {Version}", file.Path, 8);
        }

        Guid owner = new(header.Slice(16, 16));
        if (owner != storeId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignFile, $"the log belongs to store {owner}, not {storeId}", file.Path, 16);
        }

        return (new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(header[32..])),
            BinaryPrimitives.ReadInt64LittleEndian(header[40..]));
    }

    /// <summary>The store that a header names, whether or not the header is sound.</summary>
    public static Guid OwnerOf(ReadOnlySpan<byte> log) => new(log.Slice(16, 16));

    /// <summary>The first LSN that a header names, whether or not the header is sound.</summary>
    public static Lsn FirstOf(ReadOnlySpan<byte> log) => new(BinaryPrimitives.ReadUInt64LittleEndian(log[32..]));

    public static byte[] Frame(
        FrameChecksum checksum, Guid storeId, long offset, Lsn lsn, Lsn durable, ReadOnlySpan<byte> payload)
    {
        byte[] frame = new byte[FrameBytes + payload.Length];
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(4), lsn.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(frame.AsSpan(12), durable.Value);
        payload.CopyTo(frame.AsSpan(FrameBytes));
        BinaryPrimitives.WriteUInt32LittleEndian(frame.AsSpan(20), checksum(storeId, offset, frame));
        return frame;
    }

    /// <summary>Reads the frame that starts some bytes; false when there is no whole and true one.</summary>
    /// <param name="checksum">How frames are checked.</param>
    /// <param name="frame">The log from the frame on.</param>
    /// <param name="offset">Where in the file that is.</param>
    /// <param name="storeId">The store that it must belong to.</param>
    /// <param name="lsn">Its LSN.</param>
    /// <param name="durable">The LSN that was durable when it was written.</param>
    /// <param name="payloadLength">Bytes of its payload.</param>
    public static bool TryReadFrame(
        FrameChecksum checksum, ReadOnlySpan<byte> frame, long offset, Guid storeId, out Lsn lsn, out Lsn durable,
        out int payloadLength)
    {
        lsn = durable = default;
        payloadLength = 0;
        if (frame.Length < FrameBytes)
        {
            return false;
        }

        uint length = BinaryPrimitives.ReadUInt32LittleEndian(frame);
        if (length - 1 >= MaxPayloadBytes || length > (uint)(frame.Length - FrameBytes))
        {
            return false;
        }

        frame = frame[..(FrameBytes + (int)length)];
        lsn = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(frame[4..]));
        durable = new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(frame[12..]));
        payloadLength = (int)length;
        return BinaryPrimitives.ReadUInt32LittleEndian(frame[20..]) == checksum(storeId, offset, frame);
    }

    /// <summary>CRC-32C over store id, offset, head and payload.</summary>
    public static uint Checksum(Guid storeId, long offset, ReadOnlySpan<byte> frame)
    {
        Span<byte> place = stackalloc byte[24];
        storeId.TryWriteBytes(place);
        BinaryPrimitives.WriteInt64LittleEndian(place[16..], offset);
        uint running = Crc32C.Append(~0u, place);
        running = Crc32C.Append(running, frame[..20]);
        return ~Crc32C.Append(running, frame[FrameBytes..]);
    }
}
