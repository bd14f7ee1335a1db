using System.Buffers;
using System.Runtime.CompilerServices;
using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>Reads the frames of one segment in order, in large reads, without an allocation per frame.</summary>
/// <remarks>Every byte is untrusted. A frame's span is valid until the next call.</remarks>
internal struct FrameScanner : IDisposable
{
    private const int ReadBytes = 1 << 20;

    private readonly IStorageFile _file;
    private readonly FrameChecksum _checksum;
    private readonly long _fileBytes;
    private byte[] _buffer;
    private long _bufferOffset;
    private int _bufferBytes;

    public FrameScanner(IStorageFile file, FrameChecksum checksum, long position, int readBytes = ReadBytes)
    {
        _file = file;
        _checksum = checksum;
        _fileBytes = file.Length;
        _buffer = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(_fileBytes - position, 4096, readBytes));
        _bufferOffset = position;
        Position = position;
    }

    /// <summary>Where the next frame starts; after a failed read, where the bad bytes start.</summary>
    public long Position { get; private set; }

    /// <summary>Reads the header of the frame at <see cref="Position"/> without moving.</summary>
    public bool TryPeek(out FrameHeader header)
    {
        header = default;
        return _fileBytes - Position >= WalFormat.FrameHeaderBytes
            && Ensure(WalFormat.FrameHeaderBytes)
            && FrameHeader.TryRead(
                _buffer.AsSpan((int)(Position - _bufferOffset)),
                _checksum,
                Position,
                _fileBytes - Position,
                out header);
    }

    /// <summary>Steps over the frame at <see cref="Position"/> when its header is good and has the expected
    /// LSN.</summary>
    /// <remarks>The payload is not read: this is the way to a record further on.</remarks>
    public bool TrySkip(ulong expectedLsn)
    {
        if (!TryPeek(out FrameHeader header) || header.Lsn != expectedLsn)
        {
            return false;
        }

        Position += header.FrameBytes;
        return true;
    }

    /// <summary>Reads the frame at <see cref="Position"/> and moves behind it.</summary>
    /// <returns>False, without moving, when it is not a whole frame with that LSN.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public bool TryNext(ulong expectedLsn, out FrameHeader header, out ReadOnlySpan<byte> payload)
    {
        if (TryPeek(out header) && header.Lsn == expectedLsn)
        {
            int bytes = WalFormat.FrameHeaderBytes + header.PayloadBytes;
            if (Ensure(bytes))
            {
                ReadOnlySpan<byte> frame = _buffer.AsSpan((int)(Position - _bufferOffset), bytes);
                if (header.Vouches(_checksum, Position, frame))
                {
                    payload = frame[WalFormat.FrameHeaderBytes..];
                    Position += header.FrameBytes;
                    return true;
                }
            }
        }

        payload = default;
        return false;
    }

    public void Dispose()
    {
        byte[] buffer = _buffer;
        _buffer = [];
        _bufferBytes = 0;
        if (buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Makes that many bytes from <see cref="Position"/> stand in the buffer; false when the file ends
    /// before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private bool Ensure(int bytes) =>
        (ulong)(Position - _bufferOffset) + (uint)bytes <= (uint)_bufferBytes || Fill(bytes);

    private bool Fill(int bytes)
    {
        if (bytes > _fileBytes - Position)
        {
            return false;
        }

        long ahead = Position - _bufferOffset;
        int kept = ahead >= 0 && ahead < _bufferBytes ? _bufferBytes - (int)ahead : 0;
        byte[] from = _buffer;
        byte[] to = bytes > from.Length ? ArrayPool<byte>.Shared.Rent(bytes) : from;
        from.AsSpan((int)(kept > 0 ? ahead : 0), kept).CopyTo(to);
        if (to != from)
        {
            ArrayPool<byte>.Shared.Return(from);
            _buffer = to;
        }

        _bufferOffset = Position;
        int wanted = (int)Math.Min(to.Length, _fileBytes - Position);
        int got = kept;
        while (got < wanted)
        {
            int read = _file.Read(to.AsSpan(got, wanted - got), Position + got);
            if (read == 0)
            {
                break;
            }

            got += read;
        }

        _bufferBytes = got;
        return got >= bytes;
    }
}
