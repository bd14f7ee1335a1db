namespace Mortise.Indexing;

/// <summary>An immutable view of an index at one LSN.</summary>
/// <remarks>
/// <para>Threads: all members from any thread, several cursors at once. Never blocks the writer; an open snapshot only
/// delays the reuse of space.</para>
/// <para>Errors: <see cref="StorageErrorCode.Corrupt"/> when a page fails its checksum: an answer is never wrong or
/// incomplete without an error.</para>
/// </remarks>
public interface IIndexSnapshot : IDisposable
{
    /// <summary>The last batch it contains.</summary>
    Lsn Lsn { get; }

    /// <summary>Looks up one key.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="value">Receives the value; at least <see cref="IndexTraits.MaxValueBytes"/> long, or as long as the
    /// caller knows values to be.</param>
    /// <param name="valueLength">The value's length in bytes.</param>
    /// <returns>False when the key is absent.</returns>
    /// <exception cref="ArgumentException"><paramref name="value"/> is too short.</exception>
    bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength);

    /// <summary>Pushes the entries of a range to a sink: the cheapest way to read many.</summary>
    /// <param name="range">The keys wanted.</param>
    /// <param name="direction">Ascending or descending.</param>
    /// <param name="sink">Stops by returning false. Its exceptions propagate, and nothing stays held.</param>
    void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct;

    /// <summary>Pushes the first entry of each of several ranges: what a merge of them begins with. An index may
    /// override it to look for several at once, so that their waits for memory overlap; this scans one after the
    /// other.</summary>
    /// <param name="ranges">The ranges, in any order; those without an entry are passed over.</param>
    /// <param name="sink">Receives the entries in the order of the ranges; stops by returning false. Its exceptions
    /// propagate, and nothing stays held.</param>
    void ScanFirst<TSink>(KeyRanges ranges, ref TSink sink)
        where TSink : struct, IFirstEntrySink
    {
        for (int i = 0; i < ranges.Count; i++)
        {
            var first = new FirstOfRange<TSink>(sink, i);
            try
            {
                Scan(ranges[i], ScanDirection.Forward, ref first);
            }
            finally
            {
                sink = first.Sink;
            }

            if (first.IsStopped)
            {
                return;
            }
        }
    }

    /// <summary>Opens a cursor before the first entry of a range, for merges.</summary>
    /// <param name="range">The keys wanted; copied, the spans need not outlive the call.</param>
    /// <param name="direction">Ascending or descending.</param>
    /// <returns>The cursor; the caller disposes it before the snapshot.</returns>
    IIndexCursor OpenCursor(KeyRange range, ScanDirection direction);

    /// <summary>About how many entries a range holds, without reading them.</summary>
    /// <returns>Never 0 when the range is not empty; within a factor of 2 on uniform and Zipf keys once the range holds
    /// more than a page.</returns>
    long Estimate(KeyRange range);
}
