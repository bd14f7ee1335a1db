using Mortise.Files;

namespace Mortise.Segments;

/// <summary>A run of whole frames of one segment, in memory, mapped, or to be read from the file.</summary>
/// <remarks>Threads: the writer alone fills an open extent and publishes each frame by moving <see cref="End"/>; from
/// <see cref="Close"/> on nothing changes.</remarks>
internal sealed class Extent
{
    private long _end;
    private volatile bool _isClosed;

    /// <summary>An open extent: frames are appended in memory.</summary>
    public Extent(long start, byte[] buffer)
    {
        Start = start;
        Buffer = buffer;
        Written = start;
        _end = start;
    }

    /// <summary>A written extent of an open file.</summary>
    public Extent(long start, long end, IStorageFile file)
        : this(start, end, new UnmappedFile(file, open: null), region: null)
    {
    }

    /// <summary>A written extent: mapped, or to be read.</summary>
    public Extent(long start, long end, UnmappedFile? file, MappedRegion? region)
    {
        Start = start;
        Region = region;
        File = file;
        Written = end;
        _end = end;
        _isClosed = true;
    }

    /// <summary>A written extent of a packed segment.</summary>
    public Extent(long start, long end, PackedBlocks packed)
    {
        Start = start;
        Packed = packed;
        Written = end;
        _end = end;
        _isClosed = true;
    }

    /// <summary>Offset of its first frame in the segment.</summary>
    public long Start { get; }

    /// <summary>Where its frames end now.</summary>
    public long End => Volatile.Read(ref _end);

    public byte[]? Buffer { get; }

    public MappedRegion? Region { get; }

    public UnmappedFile? File { get; }

    public PackedBlocks? Packed { get; }

    /// <summary>How far it has been handed to the file. Guarded by the flusher's lock.</summary>
    public long Written { get; set; }

    /// <summary>True when nothing will be appended any more; read it before <see cref="End"/>.</summary>
    public bool IsClosed => _isClosed;

    /// <summary>Room for one more frame, or nothing when it does not fit.</summary>
    public Span<byte> Room(int size)
    {
        int used = (int)(_end - Start);
        return Buffer!.Length - used >= size ? Buffer.AsSpan(used, size) : default;
    }

    /// <summary>Publishes what was filled.</summary>
    public void Publish(int size) => Volatile.Write(ref _end, _end + size);

    public void Close() => _isClosed = true;
}
