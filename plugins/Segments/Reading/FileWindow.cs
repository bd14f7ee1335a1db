using System.Buffers;

namespace Mortise.Segments;

/// <summary>Gives the bytes of an extent in place, or reads them through one buffer where they cannot be mapped.</summary>
/// <remarks>Buffers: a span of a plain file extent dies with the next call or with <see cref="Dispose"/>, but for a window
/// that lends, whose last span lives as long as anybody holds it; all others live as long as the reader is inside the
/// gate.</remarks>
/// <param name="aheadBytes">How much to read at once from a file.</param>
/// <param name="backward">True to read what lies before the bytes asked for as well.</param>
/// <param name="keeps">True to keep decompressed blocks for others; false for a pass over everything.</param>
/// <param name="lends">True when a span outlives the window: its buffer then comes from no pool.</param>
internal struct FileWindow(int aheadBytes, bool backward = false, bool keeps = false, bool lends = false) : IDisposable
{
    private byte[]? _buffer;
    private Extent? _extent;
    private long _start;
    private int _count;
    private ReadOnlyMemory<byte> _block;

    /// <summary>True when the last bytes asked for are in a compressed block that is damaged.</summary>
    public bool IsDamaged { get; private set; }

    /// <summary>Bytes of an extent.</summary>
    /// <returns>Fewer bytes than asked for only when the file is shorter than it should be.</returns>
    public ReadOnlySpan<byte> Bytes(Extent extent, long offset, int length)
    {
        if (extent.Region is { } region)
        {
            return region.Span(offset - extent.Start, length);
        }

        if (extent.Buffer is { } buffer)
        {
            return buffer.AsSpan((int)(offset - extent.Start), length);
        }

        if (extent.Packed is { } packed)
        {
            return Unpacked(extent, packed, offset, length);
        }

        if (!ReferenceEquals(extent, _extent) || offset < _start || offset + length > _start + _count)
        {
            Fill(extent, offset, length);
        }

        int at = (int)(offset - _start);
        return _buffer.AsSpan(at, Math.Max(0, Math.Min(length, _count - at)));
    }

    /// <summary>Gives the buffer back; no span of it may be in use any more.</summary>
    public void Dispose()
    {
        byte[]? buffer = _buffer;
        _buffer = null;
        _extent = null;
        if (buffer is not null && !lends)
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private ReadOnlySpan<byte> Unpacked(Extent extent, PackedBlocks packed, long offset, int length)
    {
        if (!ReferenceEquals(extent, _extent) || offset < _start || offset >= _start + _block.Length)
        {
            _block = packed.Load(offset, keeps, out _start);
            _extent = extent;
        }

        IsDamaged = _block.IsEmpty;
        int at = (int)(offset - _start);
        return IsDamaged ? default : _block.Span.Slice(at, Math.Min(length, _block.Length - at));
    }

    private void Fill(Extent extent, long offset, int length)
    {
        long start = backward ? Math.Max(extent.Start, offset + length - Math.Max(length, aheadBytes)) : offset;
        int wanted = (int)Math.Min(extent.End - start, Math.Max(length + (offset - start), aheadBytes));
        if (_buffer is null || _buffer.Length < wanted)
        {
            Dispose();
            _buffer = lends ? new byte[wanted] : ArrayPool<byte>.Shared.Rent(wanted);
        }

        _extent = null;
        _count = extent.File!.Read(_buffer.AsSpan(0, wanted), start);
        _start = start;
        _extent = extent;
    }
}
