using System.Buffers;
using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>Finds frames in bytes that are not known to begin with one.</summary>
/// <remarks>Looks at every aligned offset. A header's check covers its place and its segment, so what looks like a
/// frame inside a payload is none.</remarks>
internal struct FrameSearch : IDisposable
{
    private const int WindowBytes = 1 << 20;

    private readonly IStorageFile _file;
    private readonly FrameChecksum _checksum;
    private readonly bool _zerosAreEmpty;
    private readonly long _fileBytes;
    private byte[] _window;
    private long _windowOffset;
    private int _windowBytes;

    public FrameSearch(IStorageFile file, SegmentHeader header, long from)
    {
        _file = file;
        _checksum = header.FrameChecksum;
        _zerosAreEmpty = !header.IsRecycled;
        _fileBytes = file.Length;
        _window = ArrayPool<byte>.Shared.Rent((int)Math.Clamp(_fileBytes - from, 4096, WindowBytes));
        Position = from;
        LastWritten = from;
    }

    /// <summary>The offset of the frame that was found, or the end of the file.</summary>
    public long Position { get; private set; }

    /// <summary>One past the last byte that was certainly written here.</summary>
    public long LastWritten { get; private set; }

    /// <summary>Steps over the frame that was found.</summary>
    public void Skip(long bytes) => Position += bytes;

    /// <summary>Moves to the next place at or behind <see cref="Position"/> that has a valid header.</summary>
    /// <param name="header">The header.</param>
    /// <param name="isWhole">True when the payload is right too.</param>
    /// <param name="cancellation">Stops the search.</param>
    /// <returns>False at the end of the file.</returns>
    public bool TryNext(out FrameHeader header, out bool isWhole, CancellationToken cancellation)
    {
        for (; Position + WalFormat.FrameHeaderBytes <= _fileBytes; Position += WalFormat.FrameAlignment)
        {
            if (Position < _windowOffset
                || Position + WalFormat.FrameHeaderBytes > _windowOffset + _windowBytes)
            {
                cancellation.ThrowIfCancellationRequested();
                if (!Fill() || (_zerosAreEmpty && SkipZeros()))
                {
                    continue;
                }
            }

            if (FrameHeader.TryRead(
                _window.AsSpan((int)(Position - _windowOffset)),
                _checksum,
                Position,
                _fileBytes - Position,
                out header))
            {
                LastWritten = Math.Max(LastWritten, Position + header.FrameBytes);
                isWhole = IsWhole(header);
                return true;
            }
        }

        // The last bytes of a file are too few for a frame, not too few to have been written.
        if (Position < _fileBytes && Fill() && _zerosAreEmpty)
        {
            SkipZeros();
        }

        header = default;
        isWhole = false;
        return false;
    }

    public void Dispose()
    {
        byte[] window = _window;
        _window = [];
        _windowBytes = 0;
        if (window.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(window);
        }
    }

    /// <summary>Notes how far the window was written; true when it is all zeros and was stepped over.</summary>
    private bool SkipZeros()
    {
        int last = _window.AsSpan(0, _windowBytes).LastIndexOfAnyExcept((byte)0);
        if (last >= 0)
        {
            LastWritten = Math.Max(LastWritten, _windowOffset + last + 1);
            return false;
        }

        // The loop adds one alignment; a frame cannot begin in zeros.
        Position = _windowOffset + (_windowBytes & -WalFormat.FrameAlignment) - WalFormat.FrameAlignment;
        return true;
    }

    private bool Fill()
    {
        _windowOffset = Position;
        _windowBytes = ReadFully(_file, _window, Position);
        if (_windowBytes < WalFormat.FrameHeaderBytes && Position + WalFormat.FrameHeaderBytes <= _fileBytes)
        {
            // The file became shorter meanwhile: a log in use was truncated.
            Position = _fileBytes;
            return false;
        }

        return true;
    }

    private readonly bool IsWhole(in FrameHeader header)
    {
        int bytes = WalFormat.FrameHeaderBytes + header.PayloadBytes;
        if (Position + bytes <= _windowOffset + _windowBytes)
        {
            return header.Vouches(_checksum, Position, _window.AsSpan((int)(Position - _windowOffset)));
        }

        byte[] frame = ArrayPool<byte>.Shared.Rent(bytes);
        try
        {
            return ReadFully(_file, frame.AsSpan(0, bytes), Position) == bytes
                && header.Vouches(_checksum, Position, frame);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(frame);
        }
    }

    private static int ReadFully(IStorageFile file, Span<byte> to, long offset)
    {
        int got = 0;
        while (got < to.Length)
        {
            int read = file.Read(to[got..], offset + got);
            if (read == 0)
            {
                break;
            }

            got += read;
        }

        return got;
    }
}
