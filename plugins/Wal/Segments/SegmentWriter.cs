using System.Buffers.Binary;
using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>Puts frames at the end of one segment.</summary>
/// <remarks>Threads: one at a time. When a write throws, <see cref="Position"/> has not moved.</remarks>
internal sealed class SegmentWriter
{
    private const int StagedBytes = 256 << 10;
    private static readonly byte[] s_zeros = new byte[64 << 10];

    private readonly IStorageFile _file;
    private readonly FrameChecksum _checksum;
    private readonly long _segmentBytes;
    private readonly long _prewrite;
    private byte[] _staging;

    /// <param name="file">The segment.</param>
    /// <param name="checksum">Its checksums.</param>
    /// <param name="position">Where the next frame goes.</param>
    /// <param name="segmentBytes">Where the segment should end.</param>
    /// <param name="prewrite">Bytes of zeros written ahead; 0 for none.</param>
    /// <param name="staging">A buffer to go on using, or null.</param>
    public SegmentWriter(
        IStorageFile file,
        FrameChecksum checksum,
        long position,
        long segmentBytes,
        long prewrite,
        byte[]? staging = null)
    {
        _file = file;
        _checksum = checksum;
        _segmentBytes = segmentBytes;
        _prewrite = prewrite;
        _staging = staging ?? GC.AllocateUninitializedArray<byte>(16 << 10, pinned: true);
        Position = position;
        Written = Math.Max(file.Length, position);
    }

    /// <summary>Where the next frame goes.</summary>
    public long Position { get; private set; }

    /// <summary>The file's length: up to here writing costs no new space.</summary>
    public long Written { get; private set; }

    /// <summary>The buffer, for the next segment's writer.</summary>
    public byte[] Staging => _staging;

    /// <summary>False when the record belongs into the next segment. An empty segment takes any record.</summary>
    public bool Fits(int payloadBytes) =>
        Position == WalFormat.HeaderBytes || Position + WalFormat.FrameBytes(payloadBytes) <= _segmentBytes;

    /// <summary>Writes one frame; it is with the operating system when this returns.</summary>
    public void Append(ulong lsn, ulong durable, long microseconds, ReadOnlySpan<byte> payload)
    {
        long frameBytes = WalFormat.FrameBytes(payload.Length);
        long end = Position + frameBytes;
        if (end > Written)
        {
            Prewrite(end);
        }

        if (frameBytes <= StagedBytes)
        {
            Span<byte> frame = Stage((int)frameBytes);
            payload.CopyTo(frame[WalFormat.FrameHeaderBytes..]);
            int used = WalFormat.FrameHeaderBytes + payload.Length;
            frame[used..].Clear();
            ulong place = FrameHeader.WriteHead(
                frame, _checksum, Position, lsn, durable, microseconds, payload.Length);
            BinaryPrimitives.WriteUInt64LittleEndian(
                frame, _checksum.OfFrame(place, frame[FrameHeader.HeaderCheckAt..used]));
            _file.Write(frame, Position);
        }
        else
        {
            AppendLarge(lsn, durable, microseconds, payload, frameBytes);
        }

        Position = end;
        Written = Math.Max(Written, end);
    }

    /// <summary>Makes sure that what a failed <see cref="Append"/> left behind is never read as a record.</summary>
    public void Scrub()
    {
        long bytes = Math.Min(WalFormat.FrameHeaderBytes, _file.Length - Position);
        if (bytes > 0)
        {
            _file.Write(s_zeros.AsSpan(0, (int)bytes), Position);
            _file.Sync(SyncKind.Data);
        }
    }

    /// <summary>Fills with zeros, best effort: a full device shows when the record itself is written.</summary>
    public void Prewrite(long end)
    {
        if (_prewrite == 0)
        {
            return;
        }

        long target = Math.Max(end, Math.Min(Written + _prewrite, _segmentBytes));
        try
        {
            while (Written < target)
            {
                int bytes = (int)Math.Min(s_zeros.Length, target - Written);
                _file.Write(s_zeros.AsSpan(0, bytes), Written);
                Written += bytes;
            }
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.NoSpace)
        {
            // Zeros are an optimisation; whether the record fits decides its own write.
            Written = Math.Max(_file.Length, Position);
        }
    }

    private void AppendLarge(
        ulong lsn, ulong durable, long microseconds, ReadOnlySpan<byte> payload, long frameBytes)
    {
        Span<byte> head = Stage(WalFormat.FrameHeaderBytes);
        ulong place = FrameHeader.WriteHead(head, _checksum, Position, lsn, durable, microseconds, payload.Length);
        BinaryPrimitives.WriteUInt64LittleEndian(
            head, _checksum.OfFrame(place, head[FrameHeader.HeaderCheckAt..], payload));

        // The head last: a failure before it leaves nothing that could be taken for a record.
        long body = Position + WalFormat.FrameHeaderBytes;
        _file.Write(payload, body);
        int padding = (int)(frameBytes - WalFormat.FrameHeaderBytes - payload.Length);
        if (padding > 0)
        {
            _file.Write(s_zeros.AsSpan(0, padding), body + payload.Length);
        }

        _file.Write(head, Position);
    }

    private Span<byte> Stage(int bytes)
    {
        if (_staging.Length < bytes)
        {
            _staging = GC.AllocateUninitializedArray<byte>(
                (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)bytes), pinned: true);
        }

        return _staging.AsSpan(0, bytes);
    }
}
