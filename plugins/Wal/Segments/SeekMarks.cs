namespace Mortise.Wal.Segments;

/// <summary>Where some records of a segment begin, about one in each MiB, so that a reader need not walk from the
/// start.</summary>
/// <remarks>Filled by whoever passes: the writer and readers. Threads: any.</remarks>
internal sealed class SeekMarks
{
    /// <summary>Bytes between two marks, at least.</summary>
    public const long Distance = 1 << 20;

    private readonly Lock _lock = new();
    private readonly List<(ulong Lsn, long Offset)> _marks = [];
    private long _last;

    /// <summary>Notes a record, when the last mark is far enough in front of it.</summary>
    public void Pass(ulong lsn, long offset)
    {
        if (offset - Volatile.Read(ref _last) < Distance)
        {
            return;
        }

        lock (_lock)
        {
            if (offset - _last >= Distance)
            {
                _marks.Add((lsn, offset));
                Volatile.Write(ref _last, offset);
            }
        }
    }

    /// <summary>The last mark at or in front of a record.</summary>
    /// <param name="lsn">The record that is wanted.</param>
    /// <param name="first">The segment's first record.</param>
    /// <param name="firstOffset">Where that begins.</param>
    public (ulong Lsn, long Offset) Before(ulong lsn, ulong first, long firstOffset)
    {
        lock (_lock)
        {
            int index = _marks.FindLastIndex(m => m.Lsn <= lsn);
            return index < 0 ? (first, firstOffset) : _marks[index];
        }
    }

    /// <summary>The last mark at or in front of an offset.</summary>
    /// <param name="offset">The place that is wanted.</param>
    /// <param name="first">The segment's first record.</param>
    /// <param name="firstOffset">Where that begins.</param>
    public (ulong Lsn, long Offset) BeforeOffset(long offset, ulong first, long firstOffset)
    {
        lock (_lock)
        {
            int index = _marks.FindLastIndex(m => m.Offset <= offset);
            return index < 0 ? (first, firstOffset) : _marks[index];
        }
    }
}
