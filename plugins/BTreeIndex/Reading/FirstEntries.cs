using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>Finds the first entries of many ranges: what a merge of a hundred authors begins with.</summary>
/// <remarks>
/// <para>A search waits for memory several times, each time for what the one before said: the table of pages, the
/// frame, the stems, the entry. So ranges are looked for in groups, one step of all of them before the next, and each
/// step asks the memory for what the next one reads: the waits of a group overlap.</para>
/// <para>Source: Chen, Ailamaki, Gibbons and Mowry, "Improving hash join performance through prefetching", ICDE 2004
/// (group prefetching).</para>
/// <para>One thread; kept for the thread's next call, so that none costs new memory.</para>
/// </remarks>
internal sealed class FirstEntries
{
    /// <summary>Ranges that are looked for together: more lines than these ask for cannot be on their way at
    /// once.</summary>
    private const int GroupSize = 16;

    [ThreadStatic]
    private static FirstEntries? s_kept;

    // For each run in a group, GroupSize places beside each other.
    private uint[] _leaves = [];
    private PageFrame?[] _frames = [];
    private int[] _indexes = [];
    private byte[] _best = [];
    private byte[] _other = [];
    private readonly byte[] _narrowed = new byte[EndColumn.NumberBytes];

    private FirstEntries()
    {
    }

    /// <summary>How the first entry of a range was found.</summary>
    private enum Outcome
    {
        None,
        Found,

        /// <summary>It is a tombstone, which hides the entry.</summary>
        Hidden,
    }

    /// <summary>Takes the thread's own; give it back.</summary>
    public static FirstEntries Rent(PageCache cache)
    {
        FirstEntries state = s_kept ?? new FirstEntries();
        s_kept = null;
        int keyBytes = PageFormat.MaxKeyBytes(cache.PageBytes) + PageFormat.HeadBytes;
        if (state._best.Length < keyBytes)
        {
            state._best = new byte[keyBytes];
            state._other = new byte[keyBytes];
        }

        return state;
    }

    public void Return()
    {
        Array.Clear(_frames);
        s_kept = this;
    }

    /// <summary>Pushes the first entries.</summary>
    /// <param name="version">Held by the caller.</param>
    /// <param name="cache">The pages of its runs.</param>
    /// <param name="ranges">See <see cref="IIndexSnapshot.ScanFirst"/>.</param>
    /// <param name="scan">Called with the number of a range whose first entry is hidden, to scan it.</param>
    /// <param name="sink">Receives the entries.</param>
    public void Push<TSink, TScan>(
        IndexVersion version, PageCache cache, KeyRanges ranges, TScan scan, ref TSink sink)
        where TSink : struct, IFirstEntrySink
        where TScan : struct, IRangeScan<TSink>
    {
        int places = version.Disk.Length * GroupSize;
        if (_leaves.Length < places)
        {
            _leaves = new uint[places];
            _frames = new PageFrame?[places];
            _indexes = new int[places];
        }

        for (int first = 0; first < ranges.Count; first += GroupSize)
        {
            int count = Math.Min(GroupSize, ranges.Count - first);
            ReaderSlot reader = cache.Enter();
            try
            {
                Locate(version.Disk, cache, reader, ranges, first, count);
                for (int i = 0; i < count; i++)
                {
                    KeyRange range = ranges[first + i];
                    Outcome outcome = Find(version, range, i, out int keyLength, out ReadOnlySpan<byte> value);
                    bool goesOn = outcome switch
                    {
                        Outcome.Found => sink.Accept(first + i, _best.AsSpan(0, keyLength), value),
                        Outcome.Hidden => scan.Scan(first + i, range, ref sink),
                        _ => true,
                    };
                    if (!goesOn)
                    {
                        return;
                    }
                }
            }
            finally
            {
                PageCache.Exit(reader);
            }
        }
    }

    /// <summary>Finds in each run the first entry at or behind the start of each range of a group.</summary>
    private void Locate(DiskRun[] runs, PageCache cache, ReaderSlot reader, KeyRanges ranges, int first, int count)
    {
        for (int r = 0; r < runs.Length; r++)
        {
            DiskRun run = runs[r];
            for (int i = 0; i < count; i++)
            {
                KeyRange range = ranges[first + i];
                uint leaf = IsApart(run.Record, range) ? RunLookup.Unknown
                    : range.Start.IsEmpty ? 0
                    : RunLookup.LeafOf(run, cache, reader, range.Start);
                _leaves[(r * GroupSize) + i] = leaf;
                if (leaf != RunLookup.Unknown)
                {
                    cache.PrefetchPlace(run.Record.Leaves.PageOf(leaf));
                }
            }
        }

        for (int r = 0; r < runs.Length; r++)
        {
            for (int i = 0; i < count; i++)
            {
                uint leaf = _leaves[(r * GroupSize) + i];
                if (leaf != RunLookup.Unknown)
                {
                    cache.PrefetchFrame(runs[r].Record.Leaves.PageOf(leaf));
                }
            }
        }

        for (int r = 0; r < runs.Length; r++)
        {
            for (int i = 0; i < count; i++)
            {
                int at = (r * GroupSize) + i;
                _frames[at] = null;
                if (_leaves[at] != RunLookup.Unknown)
                {
                    _frames[at] = RunLookup.Leaf(runs[r], cache, reader, _leaves[at]);
                    _frames[at]!.Page.PrefetchSearch(ranges[first + i].Start);
                }
            }
        }

        for (int r = 0; r < runs.Length; r++)
        {
            for (int i = 0; i < count; i++)
            {
                int at = (r * GroupSize) + i;
                if (_frames[at] is not null)
                {
                    _frames[at] = ToAtOrAfter(
                        runs[r], cache, reader, ranges[first + i].Start, _leaves[at], _frames[at]!, out _indexes[at]);
                }
            }
        }
    }

    /// <summary>Finds the entry in a leaf, or in the one behind it.</summary>
    /// <returns>The leaf that has it; null at the end of the run.</returns>
    private static PageFrame? ToAtOrAfter(
        DiskRun run, PageCache cache, ReaderSlot reader, ReadOnlySpan<byte> start, uint leaf, PageFrame frame, out int index)
    {
        index = start.IsEmpty ? 0 : frame.Page.LowerBound(start, out _);
        while (index >= frame.Page.Count)
        {
            if (++leaf == run.Record.Leaves.PageCount)
            {
                return null;
            }

            frame = RunLookup.Leaf(run, cache, reader, leaf);
            index = 0;
        }

        frame.Page.PrefetchEntry(index);
        return frame;
    }

    /// <summary>Takes the least of what the runs have for a range; of equal keys that of the newest run.</summary>
    private Outcome Find(
        IndexVersion version, KeyRange range, int place, out int keyLength, out ReadOnlySpan<byte> value)
    {
        keyLength = -1;
        value = default;
        bool isTombstone = false;
        if (!range.End.IsEmpty && range.Start.SequenceCompareTo(range.End) >= 0)
        {
            return Outcome.None;
        }

        foreach (MemoryRun run in version.Memory)
        {
            int index = range.Start.IsEmpty ? 0 : run.LowerBound(range.Start);
            if (index < run.Count && IsBetter(run.Key(index), keyLength, range.End))
            {
                ReadOnlySpan<byte> key = run.Key(index);
                key.CopyTo(_best);
                keyLength = key.Length;
                value = run.Value(index);
                isTombstone = run.IsTombstone(index);
            }
        }

        for (int at = place; at < version.Disk.Length * GroupSize; at += GroupSize)
        {
            if (_frames[at] is { } frame)
            {
                ref readonly EntryPage page = ref frame.Page;
                int length = page.CopyKey(_indexes[at], _other);
                if (IsBetter(_other.AsSpan(0, length), keyLength, range.End))
                {
                    (_best, _other) = (_other, _best);
                    keyLength = length;
                    value = page.Value(_indexes[at], _narrowed);
                    isTombstone = page.IsTombstone(_indexes[at]);
                }
            }
        }

        return keyLength < 0 ? Outcome.None : isTombstone ? Outcome.Hidden : Outcome.Found;
    }

    private bool IsBetter(ReadOnlySpan<byte> key, int bestLength, ReadOnlySpan<byte> end) =>
        bestLength >= 0
            ? key.SequenceCompareTo(_best.AsSpan(0, bestLength)) < 0
            : end.IsEmpty || key.SequenceCompareTo(end) < 0;

    private static bool IsApart(RunRecord run, KeyRange range) =>
        range.Start.SequenceCompareTo(run.LastKey) > 0
        || (!range.End.IsEmpty && range.End.SequenceCompareTo(run.FirstKey) <= 0);
}

/// <summary>Scans a range for its first entry, whatever hides it.</summary>
internal interface IRangeScan<TSink>
    where TSink : struct, IFirstEntrySink
{
    /// <returns>False when the sink wants no more.</returns>
    bool Scan(int range, KeyRange keys, ref TSink sink);
}
