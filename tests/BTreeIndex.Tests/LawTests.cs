using Mortise.Conformance;
using Mortise.Indexing;
using Mortise.Plugins;

namespace Mortise.BTreeIndex.Tests;

public class LawTests
{
    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public void Keys_and_values_up_to_the_limits_are_kept_and_above_are_refused_whole(int pageKiB)
    {
        using IndexBench bench = new(new BTreeIndexOptions { PageSize = ByteSize.KiB(pageKiB), MemoryBudget = ByteSize.KiB(64) });
        int limit = pageKiB << 8;
        Assert.Equal(limit, bench.Index.Traits.MaxKeyBytes);
        Assert.Equal(limit, bench.Index.Traits.MaxValueBytes);
        Random random = new(pageKiB);
        for (ulong lsn = 1; lsn <= 60; lsn++)
        {
            byte[] key = new byte[limit];
            random.NextBytes(key);
            new BatchMaker().Set(key, new byte[limit]).ApplyTo(bench.Index, lsn);
        }

        bench.Settle();
        Assert.Empty(FileChecks.Examine(bench.World));
        foreach (BatchMaker batch in (BatchMaker[])
            [
                new BatchMaker().Set([1], []).Set(new byte[limit + 1], []),
                new BatchMaker().Set([1], []).Set([2], new byte[limit + 1]),
                new BatchMaker().Set([1], []).Set([], [1]),
            ])
        {
            Assert.ThrowsAny<ArgumentException>(() => batch.ApplyTo(bench.Index, 100));
        }

        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        IndexBench.CountSink sink = default;
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.Equal(60, sink.Count);
        Assert.Equal(60u, snapshot.Lsn.Value);
    }

    [Fact]
    public void A_batch_out_of_order_is_refused_whole()
    {
        using IndexBench bench = new(new BTreeIndexOptions());
        byte[] arena = [1, 2, 3];
        IndexMutation[] mutations =
        [
            new(IndexOperation.Set, 1, 1, 0, 0),
            new(IndexOperation.Set, 0, 1, 0, 0),
        ];
        Assert.ThrowsAny<ArgumentException>(() => bench.Index.Apply(new IndexBatch(new Lsn(1), arena, mutations)));
        mutations[1] = mutations[0];
        Assert.ThrowsAny<ArgumentException>(() => bench.Index.Apply(new IndexBatch(new Lsn(1), arena, mutations)));
        Assert.Equal(Lsn.None, bench.Index.AppliedLsn);
        new BatchMaker().Set([1], []).ApplyTo(bench.Index, 5);
        Assert.ThrowsAny<ArgumentException>(() => new BatchMaker().Set([2], []).ApplyTo(bench.Index, 5));
        Assert.ThrowsAny<ArgumentException>(() => new BatchMaker().Set([2], []).ApplyTo(bench.Index, 4));
    }

    [Fact]
    public void A_load_that_is_cut_short_is_never_taken_for_a_whole_one()
    {
        using SimWorld world = new(1);
        BTreeIndexOptions options = new() { MemoryBudget = ByteSize.KiB(64) };
        BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), options, default);
        for (int i = 0; i < 30; i++)
        {
            BatchMaker batch = new();
            for (int k = 0; k < 100; k++)
            {
                batch.Set(IndexBench.Key((i * 100) + k), IndexBench.Value(k));
            }

            batch.ApplyTo(index, 0);
            world.Background.RunOne();
            Assert.Equal(Lsn.None, index.AppliedLsn);
        }

        world.Background.Complete(index.CheckpointAsync());
        Assert.Equal(Lsn.None, index.DurableLsn);
        using (SimWorld cut = world.AfterPowerCut(1, CrashModel.KeepAll))
        {
            BTreeIndexFamily again = BTreeIndexOpener.Open(cut.Context("index"), options, default);
            using IIndexSnapshot snapshot = again.OpenSnapshot();
            Assert.Equal(0, snapshot.Estimate(KeyRange.All));
        }

        index.Apply(new IndexBatch(new Lsn(77), default, default));
        world.Background.Complete(index.CheckpointAsync());
        Assert.Equal(77u, index.DurableLsn.Value);
        using SimWorld after = world.AfterPowerCut(1, CrashModel.SyncedOnly);
        BTreeIndexFamily whole = BTreeIndexOpener.Open(after.Context("index"), options, default);
        using IIndexSnapshot all = whole.OpenSnapshot();
        Assert.Equal(3000, all.Estimate(KeyRange.All));
    }

    [Fact]
    public void A_checkpoint_without_changes_writes_nothing()
    {
        using IndexBench bench = new(new BTreeIndexOptions());
        bench.Fill(Enumerable.Range(0, 5000).Select(i => (long)i));
        bench.Settle();
        long operations = bench.World.Disk.Operations;
        bench.World.Background.Complete(bench.Index.CheckpointAsync());
        bench.World.Background.RunAll();
        Assert.Equal(operations, bench.World.Disk.Operations);
    }

    [Fact]
    public void A_snapshot_keeps_its_content_through_a_reset_and_its_pages_are_free_after_it()
    {
        using IndexBench bench = new(new BTreeIndexOptions { MemoryBudget = ByteSize.KiB(64) });
        bench.Fill(Enumerable.Range(0, 20_000).Select(i => (long)i));
        bench.Settle();
        IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        bench.World.Background.Complete(bench.Index.ResetAsync());
        Assert.Equal(Lsn.None, bench.Index.DurableLsn);
        bench.Fill(Enumerable.Range(100_000, 20_000).Select(i => (long)i));
        bench.Settle();
        IndexBench.CountSink sink = default;
        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
        Assert.Equal(20_000, sink.Count);
        Assert.True(snapshot.TryGet(IndexBench.Key(7), new byte[8], out _));
        snapshot.Dispose();
        FileChecks.AssertAllPagesAccountedFor(bench.Index);
        Assert.Throws<ObjectDisposedException>(() => snapshot.TryGet([1], new byte[8], out _));
    }

    [Fact]
    public void A_short_value_buffer_is_an_argument_error()
    {
        using IndexBench bench = new(new BTreeIndexOptions());
        bench.Fill([1L]);
        using (IIndexSnapshot snapshot = bench.Index.OpenSnapshot())
        {
            Assert.Throws<ArgumentException>(() => snapshot.TryGet(IndexBench.Key(1), new byte[7], out _));
        }

        bench.Settle();
        using IIndexSnapshot onDisk = bench.Index.OpenSnapshot();
        Assert.Throws<ArgumentException>(() => onDisk.TryGet(IndexBench.Key(1), new byte[7], out _));
    }

    [Theory]
    [InlineData("uniform", 1)]
    [InlineData("Zipf", 1)]
    [InlineData("Zipf", 2)]
    [InlineData("both", 1)]
    public void An_estimate_is_within_twice_of_what_is_there(string shape, int exponent)
    {
        using IndexBench bench = new(new BTreeIndexOptions { MemoryBudget = ByteSize.KiB(256), PageSize = ByteSize.KiB(4) });
        Random random = new(3);
        SortedSet<long> live = [];
        for (int i = 0; i < 40_000; i++)
        {
            // Zipf: places as far from 0 as the inverse of a power of an even draw, so most are near it.
            live.Add(shape == "uniform" || (shape == "both" && i % 2 == 0)
                ? random.Next(1_000_000)
                : (long)(1_000_000 / Math.Pow(1 + (random.NextDouble() * 5000), exponent)));
        }

        bench.Fill(live);
        bench.Settle();
        long[] gone = [.. live.Where(n => n % 3 == 0)];
        foreach (long[] chunk in gone.Chunk(500))
        {
            BatchMaker batch = new();
            foreach (long number in chunk)
            {
                batch.Remove(IndexBench.Key(number));
                live.Remove(number);
            }

            batch.ApplyTo(bench.Index, bench.Index.AppliedLsn.Value + 1);
        }

        int compared = 0;
        using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        for (int i = 0; i < 200; i++)
        {
            // Ranges of any order of size, near the dense end as well.
            long from = (long)(1_000_000 / Math.Pow(10, 4 * random.NextDouble()));
            long to = from + (long)(300_000 / Math.Pow(10, 3 * random.NextDouble()));
            long actual = live.GetViewBetween(from, to - 1 < from ? from : to - 1).Count;
            if (actual > 100)
            {
                compared++;
                long estimate = snapshot.Estimate(new KeyRange(IndexBench.Key(from), IndexBench.Key(to)));
                Assert.InRange(estimate, actual / 2, actual * 2);
            }
        }

        Assert.True(compared > 20, $"only {compared} ranges were large enough");
    }

    [Fact]
    public void Every_later_call_on_a_closed_index_says_so()
    {
        IndexBench bench = new(new BTreeIndexOptions());
        bench.Fill([1L, 2L]);
        bench.Settle();
        IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
        IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Forward);
        Task pending = bench.Index.ResetAsync().AsTask();
        bench.World.Background.Complete(bench.Index.DisposeAsync());
        Assert.ThrowsAny<ObjectDisposedException>(() => pending.GetAwaiter().GetResult());
        Assert.Throws<ObjectDisposedException>(() => bench.Index.OpenSnapshot());
        Assert.Throws<ObjectDisposedException>(() => new BatchMaker().Set([1], []).ApplyTo(bench.Index, 9));
        Assert.Throws<ObjectDisposedException>(() => bench.World.Background.Complete(bench.Index.CheckpointAsync()));
        Assert.Throws<ObjectDisposedException>(() => cursor.MoveNext());
        Assert.Throws<ObjectDisposedException>(() => snapshot.TryGet([1], new byte[8], out _));
        cursor.Dispose();
        snapshot.Dispose();
        bench.Dispose();
    }

    [Fact]
    public void Options_name_every_problem()
    {
        BTreeIndexOptions options = new()
        {
            PageSize = new ByteSize(5000),
            MemoryBudget = default,
            CacheSize = new ByteSize(-1),
            MergeFanIn = 1,
            MaxRuns = 0,
        };
        Assert.Equal(
            ["PageSize", "MemoryBudget", "CacheSize", "MergeFanIn", "MaxRuns"],
            ((IValidatedOptions)options).Validate().Select(p => p.Option));
        Assert.Empty(new BTreeIndexOptions().Validate());
    }
}
