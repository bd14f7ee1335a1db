using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Merges that readers have paid for.</summary>
public class ReaderTollTests
{
    private const int Runs = 4;
    private const int Entries = 8_000;

    [Theory]
    [InlineData("lookups")]
    [InlineData("short scans")]
    [InlineData("long scans")]
    [InlineData("cursors")]
    public void Reading_several_runs_often_enough_makes_them_one(string how)
    {
        using IndexBench bench = WithSeveralRuns();
        byte[] value = new byte[8];
        int reads = 0;
        while (bench.Index.CurrentVersion.Disk.Length > 1)
        {
            reads++;
            using (IIndexSnapshot snapshot = bench.Index.OpenSnapshot())
            {
                IndexBench.CountSink sink = new() { StopAfter = how == "long scans" ? 0 : 10 };
                switch (how)
                {
                    case "lookups":
                        Assert.True(snapshot.TryGet(IndexBench.Key(reads % Entries), value, out _));
                        break;
                    case "cursors":
                        using (IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, ScanDirection.Forward))
                        {
                            Assert.True(cursor.MoveNext());
                        }

                        break;
                    default:
                        snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
                        break;
                }
            }

            bench.World.Background.RunAll();
            Assert.True(reads < 2 * Entries * ReaderToll.MergedEntry, "they were never merged");
        }

        // Every entry was merged once at least, and each step was paid for.
        int toll = how switch
        {
            "lookups" => ReaderToll.Lookup,
            "long scans" => ReaderToll.Seek + (Entries * ReaderToll.Entry),
            _ => ReaderToll.Seek + (10 * ReaderToll.Entry),
        };
        Assert.InRange((long)reads * toll * (Runs - 1), Entries * ReaderToll.MergedEntry, long.MaxValue);
        using IIndexSnapshot merged = bench.Index.OpenSnapshot();
        IndexBench.CountSink all = default;
        merged.Scan(KeyRange.All, ScanDirection.Forward, ref all);
        Assert.Equal(Entries, all.Count);
    }

    [Fact]
    public void A_few_reads_leave_the_runs_as_they_are()
    {
        using IndexBench bench = WithSeveralRuns();
        long written = bench.Index.Statistics.PagesWritten;
        for (int i = 0; i < 50; i++)
        {
            using IIndexSnapshot snapshot = bench.Index.OpenSnapshot();
            Assert.True(snapshot.TryGet(IndexBench.Key(i), new byte[8], out _));
        }

        bench.World.Background.RunAll();
        Assert.Equal(Runs, bench.Index.CurrentVersion.Disk.Length);
        Assert.Equal(written, bench.Index.Statistics.PagesWritten);
    }

    [Fact]
    public void Runs_are_chosen_by_what_their_share_of_the_toll_can_pay()
    {
        using IndexBench bench = WithSeveralRuns();
        DiskRun[] runs = bench.Index.CurrentVersion.Disk;
        const long Price = (long)Entries * ReaderToll.MergedEntry;
        Assert.Equal(0, MergePolicy.ChooseForReaders(runs, Price - Runs, out _));
        Assert.Equal(Runs, MergePolicy.ChooseForReaders(runs, Price, out long entries));
        Assert.Equal(Entries, entries);
        Assert.Equal(0, MergePolicy.ChooseForReaders(runs.AsSpan(0, 1), long.MaxValue, out _));
        Assert.Equal(0, MergePolicy.ChooseForReaders([], long.MaxValue, out _));

        // Two small runs before the others: they pay for five more than one, and a merge saves one of these.
        bench.Fill([1]);
        bench.Settle();
        bench.Fill([2]);
        bench.Settle();
        runs = bench.Index.CurrentVersion.Disk;
        Assert.Equal(Runs + 2, runs.Length);
        Assert.Equal(0, MergePolicy.ChooseForReaders(runs, 9 * ReaderToll.MergedEntry, out _));
        Assert.Equal(2, MergePolicy.ChooseForReaders(runs, 10 * ReaderToll.MergedEntry, out entries));
        Assert.Equal(2, entries);
    }

    /// <summary>Runs of one size whose keys lie between each other's, and a policy that leaves them so.</summary>
    private static IndexBench WithSeveralRuns()
    {
        BTreeIndexOptions options = new() { PageSize = ByteSize.KiB(4), MergeFanIn = 16, MaxRuns = 64 };
        IndexBench bench = new(options, canMap: false);
        for (int run = 0; run < Runs; run++)
        {
            int first = run;
            bench.Fill(Enumerable.Range(0, Entries / Runs).Select(i => (long)((i * Runs) + first)));
            bench.Settle();
        }

        Assert.Equal(Runs, bench.Index.CurrentVersion.Disk.Length);
        return bench;
    }
}
