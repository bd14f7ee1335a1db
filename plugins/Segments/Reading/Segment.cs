using Mortise.Files;

namespace Mortise.Segments;

/// <summary>One segment: where its bytes are, where they end, what of it is deleted.</summary>
/// <remarks>
/// <para>Threads: readers use <see cref="Extents"/>, <see cref="Tail"/> and <see cref="Deleted"/> without waiting, inside
/// the reader gate. <see cref="Usage"/> belongs to the writer, <see cref="File"/> and the flags about it to the
/// flusher's lock.</para>
/// </remarks>
internal sealed class Segment(uint number, SegmentEncoding encoding)
{
    private readonly Lock _layout = new();
    private Extent[]? _extents;
    private ulong _tail = Pack(SegmentHeader.Bytes, 0);

    public uint Number { get; } = number;

    public SegmentEncoding Encoding { get; } = encoding;

    /// <summary>The file's name in the store's directory.</summary>
    public string Name { get; } = SegmentFormat.SegmentName(number);

    /// <summary>Where the applied frames end, and the size of the last; one value, so that readers see both of one
    /// moment.</summary>
    public (long End, uint LastFrameBytes) Tail
    {
        get
        {
            ulong tail = Volatile.Read(ref _tail);
            return ((long)(tail >> 32) * FrameFormat.Alignment, (uint)tail * FrameFormat.Alignment);
        }
        set => Volatile.Write(ref _tail, Pack(value.End, value.LastFrameBytes));
    }

    /// <summary>In order, without gaps, whole frames each; null while the file has not been opened for reading.</summary>
    public Extent[]? Extents => Volatile.Read(ref _extents);

    public DeletionMap Deleted { get; } = new();

    /// <summary>Its records, the batch under way included. The writer's own.</summary>
    public RecordTotals Usage { get; set; }

    /// <summary>Its records after the last whole batch. Guarded by the store's publishing lock.</summary>
    public RecordTotals PublishedUsage { get; set; }

    /// <summary>The commit that put its first record.</summary>
    public Lsn FirstLsn { get; init; }

    public IStorageFile? File { get; set; }

    /// <summary>The blocks of a packed segment whose file is open; null of a plain one.</summary>
    public PackedBlocks? Packed { get; set; }

    /// <summary>How a plain segment is read whose file cannot be mapped; null of one that is mapped.</summary>
    public UnmappedFile? Unmapped { get; set; }

    /// <summary>Bytes of the file that count, once nothing is appended any more; 0 before. Of a packed segment.</summary>
    public long SealedFileEnd { get; set; }

    /// <summary>Bytes of the block index at their end.</summary>
    public uint IndexBytes { get; set; }

    /// <summary>True when the header is in the file.</summary>
    public bool HasHeader { get; set; }

    /// <summary>The file's length, as far as it was written.</summary>
    public long FileBytes
    {
        get => Volatile.Read(ref field);
        set => Volatile.Write(ref field, value);
    }

    public void Append(Extent extent)
    {
        lock (_layout)
        {
            Extent[] old = _extents ?? [];
            Extent[] next = new Extent[old.Length + 1];
            old.CopyTo(next, 0);
            next[^1] = extent;
            Volatile.Write(ref _extents, next);
        }
    }

    /// <summary>Puts one extent in place of one that covers the same frames.</summary>
    public void Replace(Extent old, Extent with)
    {
        lock (_layout)
        {
            Extent[] next = (Extent[])_extents!.Clone();
            next[Array.IndexOf(next, old)] = with;
            Volatile.Write(ref _extents, next);
        }
    }

    /// <summary>Takes out an extent that covers no frame.</summary>
    public void Remove(Extent extent)
    {
        lock (_layout)
        {
            Volatile.Write(ref _extents, Array.FindAll(_extents!, other => !ReferenceEquals(other, extent)));
        }
    }

    /// <summary>Puts other extents in place of all.</summary>
    /// <returns>The old ones, unpublished.</returns>
    public Extent[] ReplaceAll(Extent[] with)
    {
        lock (_layout)
        {
            Extent[] old = _extents ?? [];
            Volatile.Write(ref _extents, with);
            return old;
        }
    }

    /// <summary>True when nothing will be written to its file any more.</summary>
    public bool IsFinished { get; set; }

    /// <summary>Gives up the file, of which nothing is only in memory: a mapping lives without, whatever else reads opens it
    /// anew.</summary>
    /// <returns>The file; to be closed once no reader can be using it.</returns>
    public IStorageFile? LetGo()
    {
        Packed?.LetGo();
        Unmapped?.LetGo();
        IStorageFile? file = File;
        File = null;
        return file;
    }

    /// <summary>Keeps the file readable without its name, which is about to go.</summary>
    public void Hold()
    {
        Packed?.Hold();
        Unmapped?.Hold();
    }

    /// <summary>Gives back what its reading needs; no reader may be inside any more.</summary>
    public void Close()
    {
        foreach (Extent extent in ReplaceAll([]))
        {
            extent.Region?.Dispose();
        }

        Packed?.Close();
        Unmapped?.Close();
        File?.Dispose();
    }

    /// <summary>The extent that holds an offset, or null.</summary>
    public static Extent? Find(Extent[] extents, long offset)
    {
        int low = 0;
        int high = extents.Length - 1;
        while (low < high)
        {
            int middle = (low + high + 1) >>> 1;
            if (extents[middle].Start <= offset)
            {
                low = middle;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high >= 0 && offset >= extents[low].Start && offset < extents[low].End ? extents[low] : null;
    }

    private static ulong Pack(long end, uint lastFrameBytes) =>
        ((ulong)(end / FrameFormat.Alignment) << 32) | (lastFrameBytes / FrameFormat.Alignment);
}
