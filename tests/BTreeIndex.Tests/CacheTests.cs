using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

public class CacheTests
{
    private const int PageBytes = 4096;

    private static readonly BTreeIndexOptions s_options = new() { PageSize = new ByteSize(PageBytes), MaxRuns = 1 };

    /// <summary>Frames beyond the budget: spare ones, and those that a reader is inside of.</summary>
    private static long Allowance(int readers) => (PageCache.SpareFrames + (readers * 8)) * PageBytes;

    [Theory]
    [InlineData(0)]
    [InlineData(64 << 10)]
    [InlineData(80 << 10)]
    public void A_tree_ten_times_its_cache_works_within_the_budget(int budget)
    {
        FixedCacheGrant grant = new(budget);
        using IndexBench bench = new(s_options, grant);
        bench.Fill(Enumerable.Range(0, 60_000).Select(i => (long)i));
        bench.Settle();
        Assert.True(bench.Index.Statistics.DiskBytes > 10L * budget);
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        Random random = new(1);
        byte[] value = new byte[8];
        for (int i = 0; i < 20_000; i++)
        {
            long number = random.Next(70_000);
            Assert.Equal(number < 60_000, snapshot.TryGet(IndexBench.Key(number), value, out _));
            Assert.True(bench.Index.Cache.AllocatedBytes <= budget + Allowance(1), $"{bench.Index.Cache.AllocatedBytes} bytes");
        }

        IndexBench.CountSink sink = default;
        snapshot.Scan(KeyRange.All, ScanDirection.Backward, ref sink);
        Assert.Equal(60_000, sink.Count);
        Assert.True(bench.Index.Cache.AllocatedBytes <= budget + Allowance(1));
    }

    [Fact]
    public void A_budget_that_shrinks_is_honoured_at_the_next_miss()
    {
        FixedCacheGrant grant = new(1 << 20);
        using IndexBench bench = new(s_options, grant);
        bench.Fill(Enumerable.Range(0, 60_000).Select(i => (long)i));
        bench.Settle();
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        IndexBench.CountSink sink = default;
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.True(bench.Index.Cache.AllocatedBytes > 700 << 10);
        grant.TargetBytes = 100 << 10;

        // Everything but the filter is in memory: this is the miss.
        Assert.True(snapshot.TryGet(IndexBench.Key(1), new byte[8], out _));
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.True(bench.Index.Cache.AllocatedBytes <= grant.TargetBytes + Allowance(1));
        Assert.True(grant.Misses > 0);
    }

    [Fact]
    public void A_cursor_keeps_its_page_when_the_cache_is_too_small_for_any()
    {
        FixedCacheGrant grant = new(0);
        using IndexBench bench = new(s_options, grant);
        bench.Fill(Enumerable.Range(0, 20_000).Select(i => (long)i));
        bench.Settle();
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        List<IIndexCursor> cursors = [];
        for (int i = 0; i < 10; i++)
        {
            cursors.Add(snapshot.OpenCursor(new KeyRange(IndexBench.Key(i * 400), default), ScanDirection.Forward));
            Assert.True(cursors[i].MoveNext());
        }

        IndexBench.CountSink sink = default;
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.InRange(bench.Index.Cache.AllocatedBytes, 1, Allowance(1) + (10 * PageBytes));
        for (int i = 0; i < 10; i++)
        {
            Assert.Equal(IndexBench.Key(i * 400), cursors[i].Key.ToArray());
            Assert.Equal(IndexBench.Value(i * 400), cursors[i].Value.ToArray());
            cursors[i].Dispose();
        }
    }

    /// <summary>Whether it stands in its first leaf or far behind it, in one run or several.</summary>
    [Theory]
    [InlineData(1, 10)]
    [InlineData(1, 300)]
    [InlineData(3, 10)]
    [InlineData(3, 300)]
    public void A_scan_keeps_its_leaf_while_others_read_what_the_cache_has_no_room_for(int runs, int entries)
    {
        const int count = 20_000;
        BTreeIndexOptions options = new() { PageSize = new ByteSize(PageBytes), MaxRuns = 8, MergeFanIn = 8 };
        using IndexBench bench = new(options, new FixedCacheGrant(0));
        for (int run = 0; run < runs; run++)
        {
            bench.Fill(Enumerable.Range(0, count).Where(i => i % runs == run).Select(i => (long)i));
            bench.World.Background.Complete(bench.Index.CheckpointAsync());
        }

        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
        {
            DisturbedSink sink = new(snapshot, 7_000, 7_000 + entries, direction);
            snapshot.Scan(
                new KeyRange(IndexBench.Key(7_000), IndexBench.Key(7_000 + entries)), direction, ref sink);
            Assert.Equal(entries, sink.Count);
        }
    }

    [Fact]
    public void A_long_scan_does_not_keep_what_others_read_while_it_waits()
    {
        using IndexBench bench = new(s_options, new FixedCacheGrant(0));
        bench.Fill(Enumerable.Range(0, 60_000).Select(i => (long)i));
        bench.Settle();
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        WaitingSink sink = new(bench, snapshot);
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.InRange(sink.MostBytes, 1, Allowance(2));
    }

    /// <summary>In its first leaf already, which has many more entries than a short scan, whatever they look
    /// like.</summary>
    [Theory]
    [InlineData(1, false, ScanDirection.Forward)]
    [InlineData(1, false, ScanDirection.Backward)]
    [InlineData(1, true, ScanDirection.Forward)]
    [InlineData(1, true, ScanDirection.Backward)]
    [InlineData(3, false, ScanDirection.Forward)]
    [InlineData(3, true, ScanDirection.Backward)]
    public void A_scan_of_more_than_a_few_entries_keeps_its_leaves_alone(int runs, bool isVaried, ScanDirection direction)
    {
        const int pageBytes = 16 << 10;
        BTreeIndexOptions options = new() { PageSize = new ByteSize(pageBytes), MaxRuns = 8, MergeFanIn = 8 };
        using IndexBench bench = new(options, new FixedCacheGrant(0));
        for (int run = 0; run < runs; run++)
        {
            BatchMaker batch = new();
            for (long number = run; number < 40_000; number += runs)
            {
                batch.Set(IndexBench.Key(number), new byte[isVaried ? 8 + (number % 5) : 8]);
            }

            batch.ApplyTo(bench.Index, bench.Index.AppliedLsn.Value + 1);
            bench.World.Background.Complete(bench.Index.CheckpointAsync());
        }

        Assert.Equal(runs, bench.Index.CurrentVersion.Disk.Length);
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        WaitingSink sink = new(bench, snapshot);
        snapshot.Scan(new KeyRange(IndexBench.Key(10), IndexBench.Key(39_990)), direction, ref sink);
        Assert.InRange(sink.MostBytes, 1, (PageCache.SpareFrames + (2 * 8)) * pageBytes);
    }

    /// <summary>A leaf has four entries, so it is in the fourth.</summary>
    [Fact]
    public void A_scan_that_comes_to_a_second_leaf_keeps_its_leaves_alone()
    {
        using IndexBench bench = new(s_options, new FixedCacheGrant(0));
        BatchMaker batch = new();
        for (long number = 0; number < 400; number++)
        {
            batch.Set(IndexBench.Key(number), new byte[900]);
        }

        batch.ApplyTo(bench.Index, 1);
        bench.Settle();
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        WaitingSink sink = new(bench, snapshot, 12);
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.InRange(sink.MostBytes, 1, Allowance(2));
    }

    /// <summary>Else no frame would be used again.</summary>
    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void A_scan_that_does_not_come_to_its_end_holds_nothing_afterwards(int runs)
    {
        BTreeIndexOptions options = new() { PageSize = new ByteSize(PageBytes), MaxRuns = 8, MergeFanIn = 8 };
        using IndexBench bench = new(options, new FixedCacheGrant(0));
        for (int run = 0; run < runs; run++)
        {
            bench.Fill(Enumerable.Range(0, 40_000).Where(i => i % runs == run).Select(i => (long)i));
            bench.World.Background.Complete(bench.Index.CheckpointAsync());
        }

        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        foreach (int entries in (int[])[1, ScanState.ShortScan, 2_000])
        {
            IndexBench.CountSink stopping = new() { StopAfter = entries };
            snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref stopping);
            AssertNothingHeld("stopped");

            for (int i = 0; i < 10; i++)
            {
                ThrowingSink throwing = new(entries);
                Assert.Throws<InvalidTimeZoneException>(
                    () => snapshot.Scan(KeyRange.All, ScanDirection.Backward, ref throwing));
            }

            AssertNothingHeld("thrown at");
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => Count((ScanDirection)7));
        AssertNothingHeld("asked for no direction");

        // Of the oldest run, so that those of the others are open already.
        ExtentList leaves = bench.Index.CurrentVersion.Disk[^1].Record.Leaves;
        foreach (uint leaf in (uint[])[0, leaves.PageCount / 2])
        {
            long at = (leaves.PageOf(leaf) * (long)PageBytes) + 1_000;
            bench.World.Disk.FlipBit(FileChecks.Path, at, 0);
            Assert.Equal(
                StorageErrorCode.Corrupt, Assert.Throws<StorageException>(() => Count(ScanDirection.Forward)).Code);
            bench.World.Disk.FlipBit(FileChecks.Path, at, 0);
            AssertNothingHeld($"stopped by leaf {leaf}");
        }

        long Count(ScanDirection direction)
        {
            IndexBench.CountSink sink = default;
            snapshot.Scan(KeyRange.All, direction, ref sink);
            return sink.Count;
        }

        void AssertNothingHeld(string what)
        {
            Assert.Equal(40_000, Count(ScanDirection.Forward));
            Assert.True(
                bench.Index.Cache.AllocatedBytes <= Allowance(1), $"{what}: {bench.Index.Cache.AllocatedBytes} bytes");
        }
    }

    [Fact]
    public void An_absent_key_costs_no_tree_page_when_the_filter_denies_it()
    {
        using IndexBench bench = new(s_options, new FixedCacheGrant(0));
        bench.Fill(Enumerable.Range(0, 20_000).Select(i => 2L * i));
        bench.Settle();
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        byte[] value = new byte[8];
        long before = bench.Index.Statistics.PagesRead;
        for (int i = 0; i < 1_000; i++)
        {
            Assert.False(snapshot.TryGet(IndexBench.Key((2 * i) + 1), value, out _));
        }

        // One filter page each, and the way down for the few that the filter lets through.
        Assert.InRange(bench.Index.Statistics.PagesRead - before, 1_000, 1_150);
    }

    [Fact]
    public void A_scan_allocates_nothing_per_entry()
    {
        using IndexBench bench = new(s_options);
        bench.Fill(Enumerable.Range(0, 50_000).Select(i => (long)i));
        bench.Settle();
        AssertFlat(bench, "one disk run");
        bench.Fill(Enumerable.Range(0, 50_000).Where(i => i % 5 == 0).Select(i => (long)i));
        AssertFlat(bench, "disk and memory runs");
    }

    /// <summary>Looks elsewhere in the index between two entries, which must be the next ones nevertheless.</summary>
    private struct DisturbedSink(IIndexSnapshot snapshot, long start, long end, ScanDirection direction) : IEntrySink
    {
        private readonly byte[] _value = new byte[8];

        public int Count { get; private set; }

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            for (long number = 0; number < 20_000; number += 1_500)
            {
                Assert.True(snapshot.TryGet(IndexBench.Key(number), _value, out _));
            }

            long expected = direction == ScanDirection.Forward ? start + Count : end - 1 - Count;
            Assert.Equal(IndexBench.Key(expected), key.ToArray());
            Assert.Equal(IndexBench.Value(expected), value.ToArray());
            Count++;
            return true;
        }
    }

    /// <summary>Reads the whole index once, when the scan has handed out some entries: by default as many as a short one
    /// has at most.</summary>
    private struct WaitingSink(IndexBench bench, IIndexSnapshot snapshot, int after = ScanState.ShortScan) : IEntrySink
    {
        private int _count;

        public long MostBytes { get; private set; }

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (_count++ > after)
            {
                IndexBench.CountSink sink = default;
                snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
                MostBytes = bench.Index.Cache.AllocatedBytes;
                return false;
            }

            return true;
        }
    }

    private struct ThrowingSink(int entries) : IEntrySink
    {
        private int _left = entries;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value) =>
            --_left > 0 ? true : throw new InvalidTimeZoneException("of the sink");
    }

    private static void AssertFlat(IndexBench bench, string what)
    {
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        Allocated(snapshot, 0);
        long few = Allocated(snapshot, 100);

        // A collection between two scans may take what the array pool keeps for the next one: so the least of some.
        long many = Enumerable.Range(0, 4).Min(_ => Allocated(snapshot, 0));
        Assert.True(many - few < 4096, $"{what}: {few} bytes for 100 entries, {many} for all");
    }

    private static long Allocated(IIndexSnapshot snapshot, long stopAfter)
    {
        IndexBench.CountSink sink = new() { StopAfter = stopAfter };
        long before = GC.GetAllocatedBytesForCurrentThread();
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }
}
