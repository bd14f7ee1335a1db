using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A version that is held.</summary>
/// <param name="version">With a reference that the snapshot takes over.</param>
/// <param name="cache">The pages of its disk runs.</param>
/// <param name="maintenance">Is told what readers pay for several runs.</param>
internal sealed class IndexSnapshot(IndexVersion version, PageCache cache, IndexMaintenance maintenance) : IIndexSnapshot
{
    /// <summary>Ranges of fewer entries than this are counted instead of estimated.</summary>
    private const ulong CountBelow = 64;

    private GatheredToll? _toll;
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
        ScanState state = ScanState.Rent(cache, range, direction);
        long entries = 0;
        try
        {
            AddSources(state);
            if (state.Merge.Sources is [DiskSource { HasTombstones: false } single])
            {
                single.PushTo(ref sink);
                return;
            }

            EntryMerge merge = state.Merge;
            while (merge.MoveNext())
            {
                EntrySource current = merge.Current;
                if (++entries == ScanState.ShortScan)
                {
                    state.PinLeaves();
                }

                if (!sink.Accept(current.Key, current.Value))
                {
                    return;
                }
            }
        }
        finally
        {
            int runs = state.DiskSources;
            state.Return();
            if (runs > 1)
            {
                Pay((ReaderToll.Seek * (runs - 1)) + (ReaderToll.Entry * entries));
            }
        }
    }

    public void ScanFirst<TSink>(KeyRanges ranges, ref TSink sink)
        where TSink : struct, IFirstEntrySink
    {
        ThrowIfDisposed();
        FirstEntries state = FirstEntries.Rent(cache);
        try
        {
            state.Push(version, cache, ranges, new ScanOne<TSink>(this), ref sink);
        }
        finally
        {
            state.Return();
        }

        Pay(ReaderToll.Seek * (long)ranges.Count * Math.Max(0, version.Disk.Length - 1));
    }

    public IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
    {
        ThrowIfDisposed();
        ScanState state = ScanState.Rent(cache, range, direction);
        state.PinLeaves();
        AddSources(state);
        Pay(ReaderToll.Seek * Math.Max(0, state.DiskSources - 1));
        return new IndexCursor(this, state);
    }

    public long Estimate(KeyRange range)
    {
        ThrowIfDisposed();
        ScanState state = ScanState.Rent(cache, range, ScanDirection.Forward);
        ulong entries;
        ulong tombstones;
        try
        {
            (entries, tombstones) = EstimateEntries(state.Bounds);
        }
        finally
        {
            state.Return();
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
            if (_toll?.TakeAll() is > 0 and long toll)
            {
                maintenance.Pay(toll);
            }
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
        Pay(ReaderToll.Lookup * (version.Disk.Length - 1));
        ReaderSlot reader = cache.Enter();
        try
        {
            DiskRun[] runs = version.Disk;
            bool areSeveral = runs.Length > 1;
            for (int i = 0; areSeveral && i < runs.Length; i++)
            {
                RunLookup.PrefetchFilter(runs[i], cache, reader, head, hash);
            }

            foreach (DiskRun run in runs)
            {
                if (RunLookup.TryFind(run, cache, reader, key, head, hash, areSeveral, value, out valueLength))
                {
                    bool isSet = valueLength >= 0;
                    valueLength = Math.Max(0, valueLength);
                    return isSet;
                }
            }
        }
        finally
        {
            PageCache.Exit(reader);
        }

        valueLength = 0;
        return false;
    }

    private void Pay(long amount)
    {
        // Most indexes are one run most of the time: then nothing is written that all readers of the snapshot read.
        if (amount == 0)
        {
            return;
        }

        GatheredToll toll = Volatile.Read(ref _toll)
            ?? Interlocked.CompareExchange(ref _toll, new GatheredToll(), null)
            ?? _toll;
        if (toll.Add(amount) is > 0 and long due)
        {
            maintenance.Pay(due);
        }
    }

    private (ulong Entries, ulong Tombstones) EstimateEntries(ScanBounds bounds)
    {
        if (bounds.IsEmpty)
        {
            return default;
        }

        ulong entries = 0;
        ulong tombstones = 0;
        foreach (MemoryRun run in version.Memory)
        {
            (int low, int high) = run.Between(bounds.Start, bounds.End);
            entries += (ulong)(high - low);
            tombstones += (ulong)((long)run.TombstoneCount * (high - low) / Math.Max(1, run.Count));
        }

        ReaderSlot reader = cache.Enter();
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
            PageCache.Exit(reader);
        }

        return (entries, tombstones);
    }

    /// <summary>Adds what holds entries of the range, newest first.</summary>
    private void AddSources(ScanState state)
    {
        ScanBounds bounds = state.Bounds;
        if (bounds.IsEmpty)
        {
            return;
        }

        int age = 0;
        foreach (MemoryRun run in version.Memory)
        {
            state.Add(run, age++);
        }

        foreach (DiskRun run in version.Disk)
        {
            if (!bounds.IsPastEnd(run.Record.FirstKey) && !bounds.IsBeforeStart(run.Record.LastKey))
            {
                state.Add(run, age);
            }

            age++;
        }
    }

    private readonly struct ScanOne<TSink>(IndexSnapshot snapshot) : IRangeScan<TSink>
        where TSink : struct, IFirstEntrySink
    {
        public bool Scan(int range, KeyRange keys, ref TSink sink)
        {
            var first = new FirstOfRange<TSink>(sink, range);
            try
            {
                snapshot.Scan(keys, ScanDirection.Forward, ref first);
            }
            finally
            {
                sink = first.Sink;
            }

            return !first.IsStopped;
        }
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
