using Mortise.Engine.Tests.Families;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Retention;

/// <summary>Whole partitions end in one commit, whatever happens meanwhile, and leave no file behind.</summary>
public sealed class RangeDropTests
{
    private const long Day = PartitionedStore.Day;
    private const long Begin = PartitionedStore.Begin;
    private const long Year = 365 * Day;

    [Fact]
    public async Task Of_five_years_of_months_a_year_goes_and_its_files_with_it()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        RangeDropReport report = await store.DropAsync(Begin + Year);
        Assert.Equal(12, report.Ranges.Count);
        Assert.All(report.Ranges, static range => Assert.Equal(1, range.Partitions));
        Assert.Equal(73, report.Ranges.Sum(static range => range.Records));
        Assert.True(report.IndexBytes > 0);
        Assert.Equal(48, store.Directories().Length);
        Assert.DoesNotContain(store.Directories(), static name => name.StartsWith("2021", StringComparison.Ordinal));
        store.RequireAgreement(365 - 73);
        Assert.Equal(0, store.CountByTime(Begin, Begin + Year - 1));

        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(365 - 73);
        Assert.Equal(48, store.Engine.GetStatistics().Families[1].Partitions.Count);
    }

    [Fact]
    public async Task A_rehearsal_says_the_same_and_changes_nothing()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        Lsn before = store.Engine.GetStatistics().Lsn;
        RangeDropReport rehearsal = await store.DropAsync(Begin + Year, static id => id % 25 == 0, isDryRun: true);
        Assert.Equal(before, store.Engine.GetStatistics().Lsn);
        Assert.Equal(60, store.Directories().Length);
        store.RequireAgreement(365);
        RangeDropReport report = await store.DropAsync(Begin + Year, static id => id % 25 == 0);
        Assert.Equal(rehearsal.Ranges, report.Ranges);
    }

    [Fact]
    public async Task What_is_kept_moves_into_new_partitions_and_a_second_run_does_nothing()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        RangeDropReport report = await store.DropAsync(Begin + (2 * Year), static id => id % 25 == 0);
        long dropped = report.Ranges.Sum(static range => range.Records);
        int kept = (int)report.Ranges.Sum(static range => range.Kept);
        Assert.Equal(146, dropped + kept);
        Assert.Equal(kept, store.CountByTime(Begin, Begin + (2 * Year) - Day));
        store.RequireAgreement(365 - (int)dropped);

        Lsn before = store.Engine.GetStatistics().Lsn;
        report = await store.DropAsync(Begin + (2 * Year), static id => id % 25 == 0);
        Assert.Equal(0, report.Ranges.Sum(static range => range.Records));
        Assert.Equal(before, store.Engine.GetStatistics().Lsn);
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(365 - (int)dropped);
    }

    [Fact]
    public async Task A_year_goes_in_one_commit_and_what_is_kept_of_it_shares_a_partition()
    {
        await using PartitionedStore store = await FiveYearsAsync(ByteSize.MiB(1));
        Lsn before = store.Engine.GetStatistics().Lsn;
        RangeDropReport report = await DropKeepingAsync(store, Begin + Year);
        Assert.Equal(before.Next, store.Engine.GetStatistics().Lsn);
        await store.CleanAsync();
        Assert.Equal((58, 15), (report.Ranges.Sum(static r => r.Records), report.Ranges.Sum(static r => r.Kept)));
        Assert.All(report.Ranges, static range => Assert.Equal((1, true), (range.Partitions, range.Records > 0)));
        Assert.Equal(49, store.Directories().Length);
        RequireYearShared(store);
        store.RequireAgreement(365 - 58);

        // The log tells it again, and what is put later lands in the same partition.
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        await store.PutAsync(5000, Begin + (100 * Day) + 1);
        RequireYearShared(store);
        store.RequireAgreement(365 - 58 + 1);
        Assert.Equal(16, store.CountByTime(Begin, Begin + Year - 1));

        // What was kept once is not moved when the next year goes.
        await store.DeleteAsync(5000);
        before = store.Engine.GetStatistics().Lsn;
        report = await DropKeepingAsync(store, Begin + (2 * Year));
        Assert.Equal(before.Next, store.Engine.GetStatistics().Lsn);
        await store.CleanAsync();
        Assert.Equal((0, 15, 0), (report.Ranges[0].Records, report.Ranges[0].Kept, report.Ranges[0].Partitions));
        Assert.Equal(13, report.Ranges.Count);
        Assert.Equal(38, store.Directories().Length);
        store.RequireAgreement(365 - 116);
    }

    [Fact]
    public async Task What_changes_while_several_ranges_are_read_is_dropped_range_by_range()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        Task? put = null;
        RangeDropReport report = await store.DropAsync(
            Begin + Year,
            static id => id == 5000,
            mayKeep: (view, range) =>
            {
                if (range.Contains(Begin + (60 * Day)))
                {
                    // Into a range that has been read already.
                    put ??= store.PutAsync(5000, Begin + Day);
                }

                return range.Contains(Begin + Day)
                    && view.Families[0].TryFind(SimRecord.IdKey(5000), out RecordLocation location) ? [location] : [];
            });
        await put!;
        Assert.Equal((73, 1), (report.Ranges.Sum(static r => r.Records), report.Ranges.Sum(static r => r.Kept)));
        Assert.Equal(12, report.Ranges.Sum(static range => range.Partitions));
        Assert.Equal(49, store.Directories().Length);
        store.RequireAgreement(365 - 73 + 1);
    }

    [Fact]
    public async Task Where_most_is_kept_partitions_stay_and_entries_go_one_by_one()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        RangeDropReport report = await store.DropAsync(Begin + Year, static id => id % 25 != 0);
        Assert.Equal(0, report.Ranges.Sum(static range => range.Partitions));
        Assert.Equal(60, store.Directories().Length);
        store.RequireAgreement(365 - (int)report.Ranges.Sum(static range => range.Records));
    }

    [Fact]
    public async Task A_late_event_lands_in_a_month_that_was_dropped_while_a_view_still_reads_the_old_one()
    {
        await using PartitionedStore store = await FiveYearsAsync();
        StoreView before = store.Engine.OpenView();
        Task<RangeDropReport> dropping = store.StartDropping(Begin + Year);
        while (store.Engine.GetStatistics().Families[1].Partitions.Count > 48)
        {
            _ = store.World.Background.RunOne();
            await Task.Yield();
        }

        await store.PutAsync(5000, Begin + Day);
        Assert.False(dropping.IsCompleted);
        Assert.Contains("2021-01.2", store.Directories());
        Assert.Equal(365, CountRead(before));
        store.RequireAgreement(365 - 73 + 1);

        before.Dispose();
        await ObservedStore.Finish(store.World, dropping);
        Assert.Equal(49, store.Directories().Length);
        Assert.DoesNotContain("2021-01", store.Directories());
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(365 - 73 + 1);
        Assert.Equal(1, store.CountByTime(Begin, Begin + Year - 1));
    }

    [Fact]
    public async Task Segments_without_a_live_record_are_deleted_at_once()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Monthly);
        for (int id = 0; id < 100; id++)
        {
            await store.PutAsync(id, Begin + (id * Day), bytes: 4000);
        }

        int segments = store.Engine.GetStatistics().Records.Segments;
        RangeDropReport report = await store.DropAsync(Begin + (60 * Day));
        Assert.NotEmpty(report.Reclaimed);
        Assert.Equal(segments - report.Reclaimed.Count, store.Engine.GetStatistics().Records.Segments);
        Assert.Equal(store.Engine.GetStatistics().Records.DeadBytes, report.DeadBytesLeft);
        store.RequireAgreement(100 - (int)report.Ranges.Sum(static range => range.Records));
    }

    [Fact]
    public async Task More_records_than_a_commit_may_delete_take_several_unless_their_partition_ends()
    {
        await using PartitionedStore store =
            await PartitionedStore.OpenAsync(TimeInterval.Yearly, maxCommitBytes: ByteSize.KiB(4));
        for (int id = 0; id < 300; id += 10)
        {
            await store.PutAsync([.. Enumerable.Range(id, 10).Select(static i => (i, Begin + (i * Day)))]);
        }

        Lsn before = store.Engine.GetStatistics().Lsn;
        RangeDropReport report = await ObservedStore.Finish(store.World, store.Engine.DropRangesAsync(new RangeDrop
        {
            Family = "group",
            Ranges = [new OrdinalRange(Begin, Begin + (200 * Day) - 1)],
        }).AsTask());
        Assert.Equal((200, 0), (Assert.Single(report.Ranges).Records, report.Ranges[0].Partitions));
        Assert.True(store.Engine.GetStatistics().Lsn.Value > before.Value + 1);
        store.RequireAgreement(100);

        before = store.Engine.GetStatistics().Lsn;
        report = await store.DropAsync(Begin + Year, leavesSpace: true);
        Assert.Equal(1, Assert.Single(report.Ranges).Partitions);
        Assert.Equal(before.Next, store.Engine.GetStatistics().Lsn);
        store.RequireAgreement(0);
        await store.CleanAsync();
        Assert.Empty(store.Directories());
        store.RequireAgreement(0);
    }

    /// <summary>At each 13th operation; at every one in a soak. Twice more in the recovery.</summary>
    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Batch)]
    [InlineData(SyncMode.Never)]
    public async Task A_power_cut_at_any_step_leaves_each_range_whole_or_dropped(SyncMode mode)
    {
        var simulation = new StoreSimulation(world => SimStacks.Compose(world, mode, SimStacks.BTree));
        ulong seed = (ulong)Seed.Get(1);
        var random = new Random((int)seed);
        const long Middle = 1_650_000_000;
        SimStep[] script =
        [
            Write(0), Write(10), new CheckpointStep(), Write(20), new DropStep(Middle, IsByPartition: true, KeptOf: 4),
            Write(10), new CheckStep(), new DropStep(Middle, IsByPartition: false, KeptOf: 0), Write(30),
            new DropStep(Middle, IsByPartition: true, KeptOf: 7) { LeavesSpace = true }, Write(30), new CheckStep(),
            new PackStep(Write(40)), new CheckStep(), new DropStep(Middle, true, 0) { LeavesSpace = true }, new CloseStep(),
            Write(20), new CompactStep(), new DropStep(long.MaxValue, true, 3), new CloseStep(),
        ];
        long before = simulation.Counts.Operations;
        string? whole = await simulation.TryAsync(seed, script);
        Assert.True(whole is null, $"mode {mode}, MORTISE_SEED={seed}: {whole}");
        int operations = (int)(simulation.Counts.Operations - before);
        for (int at = 1; at <= operations; at += Seed.Rounds(1) == 1 ? 13 : 1)
        {
            string? failure = await simulation.TryAsync(seed, [SimScript.Cut(seed, at), .. script]);
            Assert.True(failure is null, $"mode {mode}, MORTISE_SEED={seed}, cut at {at}: {failure}");
        }

        Assert.True(simulation.Counts.CutsWhileOpening > 5, $"{simulation.Counts.CutsWhileOpening} cuts while opening");

        WriteStep Write(int first) => new(
            [.. Enumerable.Range(first, 10).Select(id => new SimPut(
                id, id % 3, Middle + random.Next(-90_000_000, 90_000_000), random.Next(400), (byte)id))],
            []);
    }

    private static int CountRead(StoreView view)
    {
        using FamilyCursor cursor = view.Families[1].OpenCursor(default, OrdinalRange.All, EntryOrder.ByKey);
        int count = 0;
        while (cursor.MoveNext())
        {
            using RecordLease lease = view.Records.Read(cursor.Location);
            count += lease.Bytes.IsEmpty ? 0 : 1;
        }

        return count;
    }

    /// <summary>Keeps every fifth, and names them, so that no other is read.</summary>
    private static Task<RangeDropReport> DropKeepingAsync(PartitionedStore store, long before) => store.DropAsync(
        before,
        static id => id % 25 == 0,
        leavesSpace: true,
        mayKeep: static (view, range) =>
        {
            var named = new List<RecordLocation>();
            using FamilyCursor cursor = view.Families[1].OpenCursor(KeyRange.All, range, EntryOrder.ByKey);
            while (cursor.MoveNext())
            {
                using RecordLease lease = view.Records.Read(cursor.Location);
                if (SimRecord.Id(lease.Bytes) % 25 == 0)
                {
                    named.Add(cursor.Location);
                }
            }

            return named;
        });

    private static void RequireYearShared(PartitionedStore store)
    {
        using StoreView view = store.Engine.OpenView();
        FamilyView family = view.Families[1];
        Assert.Equal(49, family.PartitionCount);
        Assert.Equal("2021-01..2021-12", family.NameOf(48));
        Assert.Equal(new OrdinalRange(Begin, Begin + Year - 1), family.BoundsOf(48));
    }

    private static async Task<PartitionedStore> FiveYearsAsync(ByteSize mergeBelow = default)
    {
        PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Monthly, mergeBelow: mergeBelow);
        for (int day = 0; day < 5 * 365; day += 5)
        {
            await store.PutAsync(day, Begin + (day * Day));
        }

        return store;
    }
}
