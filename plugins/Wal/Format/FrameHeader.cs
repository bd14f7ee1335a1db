using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mortise.Wal.Format;

/// <summary>The fixed part in front of each payload.</summary>
internal readonly struct FrameHeader
{
    public const int CheckAt = 0;
    public const int HeaderCheckAt = 8;
    public const int LengthAt = 12;
    public const int LsnAt = 16;
    public const int ClaimAt = 24;
    public const int TypeAt = 28;
    public const int FlagsAt = 30;
    public const int TimeAt = 32;

    public int PayloadBytes { get; init; }

    public ulong Lsn { get; init; }

    /// <summary>How far behind <see cref="Lsn"/> everything was durable when the record was appended.</summary>
    public uint ClaimDistance { get; init; }

    public long TimeMicroseconds { get; init; }

    public ulong Check { get; init; }

    /// <summary>Everything up to here was durable before this record was written; 0 when it does not say.</summary>
    public ulong Claim => ClaimDistance == WalFormat.NoClaim || ClaimDistance > Lsn ? 0 : Lsn - ClaimDistance;

    public long FrameBytes => WalFormat.FrameBytes(PayloadBytes);

    /// <summary>Writes all of a header but the check over the frame.</summary>
    /// <returns>The frame's place, for the check.</returns>
    public static ulong WriteHead(
        Span<byte> to, in FrameChecksum checksum, long offset, ulong lsn, ulong durable, long microseconds,
        int payloadBytes)
    {
        ulong distance = lsn - durable;
        BinaryPrimitives.WriteInt32LittleEndian(to[LengthAt..], payloadBytes);
        BinaryPrimitives.WriteUInt64LittleEndian(to[LsnAt..], lsn);
        BinaryPrimitives.WriteUInt32LittleEndian(
            to[ClaimAt..], distance < WalFormat.NoClaim ? (uint)distance : WalFormat.NoClaim);
        BinaryPrimitives.WriteUInt16LittleEndian(to[TypeAt..], WalFormat.RecordType);
        BinaryPrimitives.WriteUInt16LittleEndian(to[FlagsAt..], 0);
        BinaryPrimitives.WriteInt64LittleEndian(to[TimeAt..], microseconds);
        ulong place = checksum.Place(offset);
        BinaryPrimitives.WriteUInt32LittleEndian(
            to[HeaderCheckAt..], FrameChecksum.OfHeader(place, to[LengthAt..WalFormat.FrameHeaderBytes]));
        return place;
    }

    /// <summary>Reads a header from untrusted bytes.</summary>
    /// <param name="from">At least <see cref="WalFormat.FrameHeaderBytes"/> bytes.</param>
    /// <param name="checksum">The segment's checksums.</param>
    /// <param name="offset">Where in the segment the bytes stand.</param>
    /// <param name="limit">Bytes from <paramref name="offset"/> to the end of the file.</param>
    /// <param name="header">The header, when it is one.</param>
    /// <returns>False when this is no header of this segment at this place.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool TryRead(
        ReadOnlySpan<byte> from, in FrameChecksum checksum, long offset, long limit, out FrameHeader header)
    {
        header = default;
        uint length = BinaryPrimitives.ReadUInt32LittleEndian(from[LengthAt..]);
        if (length == 0 || length > WalOptions.LargestPayload || WalFormat.FrameBytes((int)length) > limit
            || BinaryPrimitives.ReadUInt32LittleEndian(from[TypeAt..]) != WalFormat.RecordType
            || BinaryPrimitives.ReadUInt32LittleEndian(from[HeaderCheckAt..])
            != FrameChecksum.OfHeader(checksum.Place(offset), from[LengthAt..WalFormat.FrameHeaderBytes]))
        {
            return false;
        }

        header = new FrameHeader
        {
            PayloadBytes = (int)length,
            Lsn = BinaryPrimitives.ReadUInt64LittleEndian(from[LsnAt..]),
            ClaimDistance = BinaryPrimitives.ReadUInt32LittleEndian(from[ClaimAt..]),
            TimeMicroseconds = BinaryPrimitives.ReadInt64LittleEndian(from[TimeAt..]),
            Check = BinaryPrimitives.ReadUInt64LittleEndian(from),
        };
        return true;
    }

    /// <summary>True when header and payload are what was written here.</summary>
    /// <param name="checksum">The segment's checksums.</param>
    /// <param name="offset">Where in the segment the frame stands.</param>
    /// <param name="frame">The frame, from its first byte to at least the end of its payload.</param>
    public bool Vouches(in FrameChecksum checksum, long offset, ReadOnlySpan<byte> frame) =>
        Check == checksum.OfFrame(
            checksum.Place(offset), frame[HeaderCheckAt..(WalFormat.FrameHeaderBytes + PayloadBytes)]);
}
