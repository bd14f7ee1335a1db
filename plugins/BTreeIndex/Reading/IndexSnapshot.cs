using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A version that is held.</summary>
/// <param name="version">With a reference that the snapshot takes over.</param>
/// <param name="cache">The pages of its disk runs.</param>
internal sealed class IndexSnapshot(IndexVersion version, PageCache cache) : IIndexSnapshot
{
    /// <summary>Ranges of fewer entries than this are counted instead of estimated.</summary>
    private const ulong CountBelow = 64;

    private int _isDisposed;

    public Lsn Lsn => version.Lsn;

    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
    {
        ThrowIfDisposed();
        valueLength = 0;
        if (key.IsEmpty)
        {
            return false;
        }

        ulong hash = PointFilter.Hash(key);
        foreach (MemoryRun run in version.Memory)
        {
            int index = run.Find(key, hash);
            if (index >= 0)
            {
                if (run.IsTombstone(index))
                {
                    return false;
                }

                ReadOnlySpan<byte> found = run.Value(index);
                if (found.Length > value.Length)
                {
                    throw new ArgumentException($"the value has {found.Length} bytes, the buffer {value.Length}", nameof(value));
                }

                found.CopyTo(value);
                valueLength = found.Length;
                return true;
            }
        }

        return version.Disk.Length > 0 && TryGetFromDisk(key, hash, value, out valueLength);
    }

    public void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        ThrowIfDisposed();
        ScanBounds bounds = new(range, direction);
        if (version.Memory.Length == 0 && OnlyRunIn(bounds) is { } run)
        {
            using DiskSource only = new(run, cache, bounds);
            only.PushTo(ref sink);
            return;
        }

        using EntryMerge merge = Merge(bounds, out EntrySource[] sources);
        if (sources is [DiskSource { HasTombstones: false } single])
        {
            single.PushTo(ref sink);
            return;
        }

        while (merge.MoveNext())
        {
            EntrySource current = merge.Current;
            if (!sink.Accept(current.Key, current.Value))
            {
                return;
            }
        }
    }

    public IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
    {
        ThrowIfDisposed();
        ScanBounds bounds = new(range, direction);
        return new IndexCursor(this, bounds, Merge(bounds, out _));
    }

    public long Estimate(KeyRange range)
    {
        ThrowIfDisposed();
        ScanBounds bounds = new(range, ScanDirection.Forward);
        if (bounds.IsEmpty)
        {
            return 0;
        }

        ulong entries = 0;
        ulong tombstones = 0;
        foreach (MemoryRun run in version.Memory)
        {
            int low = bounds.Start.IsEmpty ? 0 : run.LowerBound(bounds.Start);
            int high = bounds.End.IsEmpty ? run.Count : run.LowerBound(bounds.End);
            entries += (ulong)(high - low);
            tombstones += (ulong)((long)run.TombstoneCount * (high - low) / Math.Max(1, run.Count));
        }

        int reader = cache.Enter();
        try
        {
            foreach (DiskRun run in version.Disk)
            {
                if (bounds.IsPastEnd(run.Record.FirstKey) || bounds.IsBeforeStart(run.Record.LastKey))
                {
                    continue;
                }

                (ulong Entries, ulong Tombstones) low = bounds.IsBeforeStart(run.Record.FirstKey)
                    ? RunLookup.Rank(run, cache, reader, bounds.Start)
                    : default;
                (ulong Entries, ulong Tombstones) high = bounds.IsPastEnd(run.Record.LastKey)
                    ? RunLookup.Rank(run, cache, reader, bounds.End)
                    : (run.Record.Entries, run.Record.Tombstones);
                entries += high.Entries - low.Entries;
                tombstones += high.Tombstones - low.Tombstones;
            }
        }
        finally
        {
            cache.Exit(reader);
        }

        if (entries < CountBelow)
        {
            CountSink count = default;
            Scan(range, ScanDirection.Forward, ref count);
            return count.Count;
        }

        // A tombstone is an entry itself and hides another one.
        return (long)Math.Max(1, (long)entries - (2 * (long)tombstones));
    }

    public void Dispose()
    {
        if (Interlocked.Exchange(ref _isDisposed, 1) == 0)
        {
            version.Release();
        }
    }

    public void ThrowIfDisposed()
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed) != 0, this);
        cache.ThrowIfClosed();
    }

    private bool TryGetFromDisk(ReadOnlySpan<byte> key, ulong hash, Span<byte> value, out int valueLength)
    {
        ulong head = KeyHead.Of(key);
        int reader = cache.Enter();
        try
        {
            foreach (DiskRun run in version.Disk)
            {
                if (RunLookup.TryFind(run, cache, reader, key, head, hash, value, out valueLength))
                {
                    bool isSet = valueLength >= 0;
                    valueLength = Math.Max(0, valueLength);
                    return isSet;
                }
            }
        }
        finally
        {
            cache.Exit(reader);
        }

        valueLength = 0;
        return false;
    }

    /// <summary>The disk run that holds all of a range, when there is one alone and it has no tombstones.</summary>
    private DiskRun? OnlyRunIn(ScanBounds bounds)
    {
        DiskRun? only = null;
        foreach (DiskRun run in version.Disk)
        {
            if (bounds.IsPastEnd(run.Record.FirstKey) || bounds.IsBeforeStart(run.Record.LastKey))
            {
                continue;
            }

            if (only is not null || run.Record.Tombstones > 0)
            {
                return null;
            }

            only = run;
        }

        return bounds.IsEmpty ? null : only;
    }

    private EntryMerge Merge(ScanBounds bounds, out EntrySource[] sources)
    {
        List<EntrySource> found = [];
        if (!bounds.IsEmpty)
        {
            int age = 0;
            foreach (MemoryRun run in version.Memory)
            {
                MemorySource source = new(run, bounds) { Age = age++ };
                if (!source.IsEmpty)
                {
                    found.Add(source);
                }
            }

            foreach (DiskRun run in version.Disk)
            {
                if (!bounds.IsPastEnd(run.Record.FirstKey) && !bounds.IsBeforeStart(run.Record.LastKey))
                {
                    found.Add(new DiskSource(run, cache, bounds) { Age = age });
                }

                age++;
            }
        }

        sources = [.. found];
        return new EntryMerge(sources, bounds.IsBackward, bounds.Skip);
    }

    private struct CountSink : IEntrySink
    {
        public long Count;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            Count++;
            return true;
        }
    }
}
