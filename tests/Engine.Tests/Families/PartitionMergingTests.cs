using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Partitioning;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Families;

/// <summary>Small neighbours whose time has passed become one partition; answers stay as they were, whatever happens
/// meanwhile. The world's clock begins on 2025-01-01.</summary>
public sealed class PartitionMergingTests
{
    private const long Day = PartitionedStore.Day;
    private const long Begin = PartitionedStore.Begin;
    private const int Records = 365;

    [Fact]
    public async Task Of_five_years_of_months_those_that_are_over_become_one_and_its_files_are_the_only_ones_left()
    {
        await using PartitionedStore store = await FilledAsync();
        Assert.Equal(60, store.Directories().Length);
        Assert.Equal(47, await MergeAsync(store));
        Assert.Equal(["2021-01..2024-12"], Merged(store));
        Assert.Equal(13, store.Directories().Length);
        Assert.Contains("2021-01.2", store.Directories());
        store.RequireAgreement(Records);
        Assert.Equal(72, store.CountByTime(Begin + (4 * 365 * Day) + Day, long.MaxValue));

        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        Assert.Equal(["2021-01..2024-12"], Merged(store));
        Assert.Equal(0, await store.PackAsync());
        store.RequireAgreement(Records);
    }

    [Fact]
    public async Task Late_events_land_in_it_also_in_months_that_had_none()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(
            TimeInterval.Monthly, mergeBelow: ByteSize.MiB(1));
        for (int month = 0; month <= 24; month += 2)
        {
            await store.PutAsync(month, Begin + (month * 31 * Day));
        }

        await MergeAsync(store);
        Assert.Single(store.Directories());
        for (int month = 1; month < 24; month += 2)
        {
            await store.PutAsync(month, Begin + (month * 31 * Day));
        }

        await store.DeleteAsync(0);
        await store.DeleteAsync(1);
        Assert.Single(store.Directories());
        store.RequireAgreement(23);
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(23);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(150)]
    public async Task An_event_that_comes_while_neighbours_are_read_is_not_lost_and_they_are_merged_another_time(int day)
    {
        // Without records from March to August 2021: an event of June makes a partition between the others.
        await using PartitionedStore store = Make(new SimWorld((ulong)Seed.Get(1)), SyncMode.Never);
        await FillAsync(store, days: 4 * 365, static day => day is < 59 or > 243);
        int records = store.CountByTime(long.MinValue, long.MaxValue);
        await ObservedStore.Finish(store.World, store.Engine.CheckpointAsync().AsTask());
        store.World.Clock.Advance(TimeSpan.FromHours(2));
        Task<int> merging = store.Engine.PackAsync().AsTask();

        // The new index is made durable by background work, which waits until it is told to run.
        while (!store.Directories().Contains("2021-01.2") && !merging.IsCompleted)
        {
            await Task.Yield();
        }

        await store.Engine.WriteAsync(new SimWrite([SimRecord.Make(5000, 1, Begin + (day * Day), 60, 1)], []));
        await ObservedStore.Finish(store.World, merging);
        Assert.Empty(Merged(store));
        Assert.DoesNotContain("2021-01.2", store.Directories());
        store.RequireAgreement(records + 1);

        await MergeAsync(store);
        Assert.Equal(["2021-01..2024-12"], Merged(store));
        store.RequireAgreement(records + 1);
    }

    [Fact]
    public async Task A_view_reads_the_neighbours_as_long_as_it_is_open_and_their_files_go_after_it()
    {
        await using PartitionedStore store = await FilledAsync();
        StoreView before = store.Engine.OpenView();
        await MergeAsync(store);
        Assert.Equal(61, store.Directories().Length);
        Assert.Equal(60, before.Families[1].PartitionCount);
        Assert.True(AgreementCheck.Run(before).IsClean);

        before.Dispose();
        await store.PackAsync();
        Assert.Equal(13, store.Directories().Length);
        store.RequireAgreement(Records);
    }

    [Fact]
    public async Task A_range_that_ends_within_it_takes_its_entries_and_leaves_the_others()
    {
        await using PartitionedStore store = await FilledAsync();
        await MergeAsync(store);
        await ObservedStore.Finish(store.World, store.Engine.DropRangesAsync(new RangeDrop
        {
            Family = "group",
            Ranges = [new OrdinalRange(long.MinValue, Begin + (365 * Day) - 1)],
        }).AsTask());
        Assert.Equal(["2021-01..2024-12"], Merged(store));
        store.RequireAgreement(Records - 73);
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(Records - 73);

        await store.DropAsync(Begin + (4 * 366 * Day));
        Assert.Empty(Merged(store));
        Assert.Equal(12, store.Directories().Length);
        store.RequireAgreement(72);
    }

    [Fact]
    public void Of_equal_sizes_each_entry_is_written_again_as_often_as_the_sum_doubles()
    {
        var random = new Random(Seed.Get(1));
        const long Below = 1000;
        for (int round = 0; round < 200; round++)
        {
            // One more is sealed at a time, as the months pass.
            var sizes = new List<long>();
            long written = 0;
            long sum = 0;
            for (int month = 0; month < 200; month++)
            {
                sizes.Insert(0, 1 + random.Next(10));
                sum += sizes[0];
                foreach (Range run in PartitionMerging.Cut(sizes.ToArray(), Below).AsEnumerable().Reverse())
                {
                    List<long> taken = sizes[run];
                    Assert.True(taken.Count >= 2 && taken.Sum() < Below);
                    written += taken.Sum();
                    sizes.RemoveRange(run.Start.Value, taken.Count);
                    sizes.Insert(run.Start.Value, taken.Sum());
                }
            }

            Assert.Equal(sum, sizes.Sum());
            Assert.InRange(written, sum, (long)(sum * Math.Log2(Below)));
            Assert.InRange(sizes.Count, 2, 20);
        }
    }

    [Fact]
    public void What_is_not_sealed_or_too_large_stays_as_it_is()
    {
        Assert.Equal([1..3, 4..6], PartitionMerging.Cut([-1, 5, 5, -1, 5, 5, 200], 100));
        Assert.Empty(PartitionMerging.Cut([5, 90, 5], 100));
        Assert.Empty(PartitionMerging.Cut([60, 60, 60], 100));
        Assert.Equal([0..2], PartitionMerging.Cut([5, 5, 80], 100));
        Assert.Empty(PartitionMerging.Cut([], 100));
    }

    /// <summary>At each 17th operation; at every one in a soak.</summary>
    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Never)]
    public async Task A_power_cut_at_any_step_leaves_the_neighbours_or_the_one(SyncMode mode)
    {
        int seed = Seed.Get(1);
        int step = Seed.Rounds(1) == 1 ? 17 : 1;
        int apart = 0;
        int merged = 0;
        bool isWhole = false;
        for (int at = 1; !isWhole; at += step)
        {
            var world = new SimWorld((ulong)seed);
            PartitionedStore store = Make(world, mode);
            await FillAsync(store, days: 730);
            await ObservedStore.Finish(world, store.Engine.CheckpointAsync().AsTask());
            world.Clock.Advance(TimeSpan.FromHours(2));
            world.Disk.CutPowerAt(world.Disk.Operations + at);
            int late = 0;
            try
            {
                await store.PackAsync();
                await store.PutAsync(9000, Begin + (40 * Day));
                late = mode == SyncMode.Always ? 1 : 0;
                await ObservedStore.Finish(world, store.Engine.CheckpointAsync().AsTask());
                late = 1;
                isWhole = !world.Disk.IsOff;
            }
            catch (Exception e) when (world.Disk.IsOff && e is SimulatedPowerCutException or StorageException)
            {
                // What the cut left is looked at below.
            }

            CrashModel[] models = Enum.GetValues<CrashModel>();
            await using PartitionedStore after =
                Make(world.AfterPowerCut((ulong)(seed + at), models[at % models.Length]), mode);
            await after.OpenAsync();
            Assert.Empty(after.Engine.OpenReport.Rebuilt);
            bool isMerged = Merged(after).Length > 0;
            merged += isMerged ? 1 : 0;
            apart += isMerged ? 0 : 1;
            Assert.Equal(after.Engine.GetStatistics().Families[1].Partitions.Count, after.Directories().Length);
            using StoreView view = after.Engine.OpenView();
            AgreementReport report = AgreementCheck.Run(view);
            Assert.True(report.IsClean, $"MORTISE_SEED={seed}, cut at {at}");
            Assert.InRange(report.Records, 146 + late, 147);
        }

        Assert.True(apart > 0 && merged > 0, $"MORTISE_SEED={seed}: {apart} times apart, {merged} times merged");
    }

    private static PartitionedStore Make(SimWorld world, SyncMode mode) =>
        new(world, TimeInterval.Monthly, maxOpen: 256) { Mode = mode, MergeBelow = ByteSize.MiB(1) };

    private static string[] Merged(PartitionedStore store) =>
        [.. store.Engine.GetStatistics().Families[1].Partitions.Select(static p => p.Name).Where(static n => n.Contains('.'))];

    private static async Task<int> MergeAsync(PartitionedStore store)
    {
        store.World.Clock.Advance(TimeSpan.FromHours(2));
        return await store.PackAsync();
    }

    private static async Task<PartitionedStore> FilledAsync()
    {
        PartitionedStore store = Make(new SimWorld((ulong)Seed.Get(1)), SyncMode.Never);
        await FillAsync(store, days: 5 * 365);
        return store;
    }

    private static async Task FillAsync(PartitionedStore store, int days, Func<int, bool>? isWanted = null)
    {
        await store.OpenAsync();
        for (int day = 0; day < days; day += 5)
        {
            if (isWanted?.Invoke(day) ?? true)
            {
                await store.PutAsync(day, Begin + (day * Day));
            }
        }
    }
}
