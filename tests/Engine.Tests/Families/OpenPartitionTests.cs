using Mortise.Engine.Tests.Observation;
using Mortise.Files;
using Mortise.Partitioning;

namespace Mortise.Engine.Tests.Families;

/// <summary>Partitions are open while somebody wants them, and no longer than others can spare the place.</summary>
public sealed class OpenPartitionTests
{
    private const long Day = PartitionedStore.Day;
    private const long Begin = PartitionedStore.Begin;

    [Fact]
    public async Task Of_five_years_of_months_a_query_for_the_last_day_opens_one()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Monthly);
        const int Days = 5 * 365;
        for (int day = 0; day < Days; day += 5)
        {
            await store.PutAsync(day, Begin + (day * Day));
        }

        await store.ReopenAsync();
        EngineStatistics opened = store.Engine.GetStatistics();
        Assert.Equal(60, opened.Families[1].Partitions.Count);
        Assert.Equal(0, opened.OpenPartitions);
        Assert.Equal(365, opened.Families[1].Partitions.Sum(static p => p.Index.Entries));

        Assert.InRange(store.CountByTime(Begin + ((Days - 1) * Day), Begin + (Days * Day)), 1, 31);
        Assert.Equal(1, store.Engine.GetStatistics().PartitionOpenings);
        Assert.Equal(1, store.Engine.GetStatistics().OpenPartitions);
        store.RequireAgreement(365);
    }

    [Fact]
    public async Task Writes_all_over_the_years_keep_few_partitions_open_and_lose_nothing()
    {
        const int Bound = 4;
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily, Bound);
        var random = new Random(Seed.Get(1));
        for (int id = 0; id < 200; id++)
        {
            await store.PutAsync(id, Begin + (random.Next(300) * Day));
            Assert.InRange(store.Engine.GetStatistics().OpenPartitions, 0, Bound + 1);
        }

        for (int id = 0; id < 200; id += 4)
        {
            await store.DeleteAsync(id);
            Assert.InRange(store.Engine.GetStatistics().OpenPartitions, 0, Bound + 1);
        }

        store.RequireAgreement(150);
        Assert.InRange(store.Engine.GetStatistics().OpenPartitions, 0, Bound);
        await store.ReopenAsync();
        store.RequireAgreement(150);
    }

    [Fact]
    public async Task A_view_keeps_its_state_while_partitions_close_open_and_change()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily, maxOpen: 2);
        for (int day = 0; day < 20; day++)
        {
            await store.PutAsync(day, Begin + (day * Day));
        }

        using (StoreView before = store.Engine.OpenView())
        {
            for (int day = 0; day < 20; day += 2)
            {
                await store.DeleteAsync(day);
                await store.PutAsync(100 + day, Begin + (day * Day));
                await store.PutAsync(200 + day, Begin + (day * Day));
            }

            Assert.Equal(20, Count(before));
            using StoreView after = store.Engine.OpenView();
            Assert.Equal(30, Count(after));
        }

        store.RequireAgreement(30);

        static int Count(StoreView view)
        {
            using FamilyCursor cursor = view.Families[1].OpenCursor(default, OrdinalRange.All, EntryOrder.NewestFirst);
            int count = 0;
            while (cursor.MoveNext())
            {
                count++;
            }

            return count;
        }
    }

    [Fact]
    public async Task A_rebuild_of_more_partitions_than_may_be_open_takes_several_passes_and_is_whole()
    {
        const int Bound = 4;
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily, Bound);
        for (int id = 0; id < 60; id++)
        {
            await store.PutAsync(id, Begin + (id % 23 * Day));
        }

        await store.ReopenAsync(rebuild: ["group"]);
        Assert.Equal("group", Assert.Single(store.Engine.OpenReport.Rebuilt).Family);
        Assert.InRange(store.Engine.GetStatistics().OpenPartitions, 0, Bound);
        store.RequireAgreement(60);
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(60);
    }

    [Fact]
    public async Task Damage_that_shows_when_a_partition_is_opened_is_an_error_and_mended_by_the_next_open()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily);
        for (int day = 0; day < 10; day++)
        {
            await store.PutAsync(day, Begin + (day * Day));
        }

        await store.ReopenAsync();
        IStorageDirectory partition = store.World.Disk.Root
            .OpenDirectory("indexes").OpenDirectory("group").OpenDirectory("2021-01-04");
        string file = Assert.Single(partition.List()).Name;
        using (IStorageFile opened = partition.Open(file, FileIntent.ReadWrite))
        {
            opened.Write(new byte[32 << 10], 0);
        }

        Assert.Equal(1, store.CountByTime(Begin, Begin));
        StorageException damage = Assert.Throws<StorageException>(() => store.CountByTime(Begin, Begin + (9 * Day)));
        Assert.Equal(StorageErrorCode.Corrupt, damage.Code);
        Assert.Contains("2021-01-04", damage.Message, StringComparison.Ordinal);

        await store.ReopenAsync();
        Assert.Equal("group", Assert.Single(store.Engine.OpenReport.Rebuilt).Family);
        store.RequireAgreement(10);
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
    }

    [Fact]
    public async Task A_partition_whose_directory_is_gone_is_rebuilt_at_open()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily);
        await store.PutAsync(1, Begin);
        await ObservedStore.Finish(store.World, store.Engine.DisposeAsync().AsTask());
        store.World.Disk.Root.OpenDirectory("indexes").OpenDirectory("group").DeleteDirectory("2021-01-01");
        await store.OpenAsync();
        Assert.Equal("group", Assert.Single(store.Engine.OpenReport.Rebuilt).Family);
        store.RequireAgreement(1);
    }

    [Fact]
    public async Task Timestamps_of_strangers_make_a_bounded_number_of_partitions_and_keep_few_open()
    {
        const int Bound = 8;
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Yearly, Bound);
        var random = new Random(Seed.Get(1));
        for (int batch = 0; batch < 100; batch++)
        {
            await store.PutAsync([.. Enumerable.Range(batch * 100, 100).Select(id => (id, random.NextInt64(1L << 32)))]);
        }

        await store.PutAsync([(10_000, 0), (10_001, 1_700_000_000_000), (10_002, long.MaxValue), (10_003, long.MinValue)]);
        EngineStatistics statistics = store.Engine.GetStatistics();

        // 40 years and what is before and after them.
        Assert.InRange(statistics.Families[1].Partitions.Count, 1, 42);
        Assert.InRange(statistics.OpenPartitions, 0, Bound);
        await store.ReopenAsync();
        Assert.Equal(0, store.Engine.GetStatistics().OpenPartitions);
        store.RequireAgreement(10_004);
        int directories = store.World.Disk.Root.OpenDirectory("indexes").OpenDirectory("group").List().Count;
        Assert.InRange(directories, 1, 42);
    }

    [Fact]
    public async Task A_partition_whose_time_has_passed_is_packed_and_late_events_still_land_in_order()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily);
        long today = store.World.Clock.GetUtcNow().ToUnixTimeSeconds() / Day * Day;
        for (int id = 0; id < 8; id++)
        {
            await store.PutAsync(id, today - (id % 4 * Day));
            await ObservedStore.Finish(store.World, store.Engine.CheckpointAsync().AsTask());
        }

        Assert.Equal(0, await store.PackAsync());
        store.World.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(3, await store.PackAsync());
        Assert.Equal(0, await store.PackAsync());
        await store.PutAsync(100, today - (2 * Day) + 5);
        await store.DeleteAsync(2);
        store.RequireAgreement(8);
        Assert.Equal(0, await store.PackAsync());
        store.World.Clock.Advance(TimeSpan.FromHours(2));
        Assert.Equal(1, await store.PackAsync());
        store.RequireAgreement(8);

        await store.ReopenAsync();
        Assert.Equal(0, await store.PackAsync());
        Assert.Equal(0, store.Engine.GetStatistics().PartitionOpenings);
        store.RequireAgreement(8);
    }

    [Fact]
    public async Task Everything_is_packed_on_demand_and_takes_the_least_space_at_once()
    {
        await using PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Daily);
        long today = store.World.Clock.GetUtcNow().ToUnixTimeSeconds() / Day * Day;
        for (int batch = 0; batch < 6; batch++)
        {
            int first = batch * 2000;
            await store.PutAsync([.. Enumerable.Range(first, 2000).Select(id => (id, today - (id % 2 * Day)))]);
            await ObservedStore.Finish(store.World, store.Engine.CheckpointAsync().AsTask());
        }

        // A view of before, read while everything is written anew, and closed only then.
        using (StoreView view = store.Engine.OpenView())
        {
            Assert.Equal(3, await ObservedStore.Finish(store.World, store.Engine.PackAllAsync().AsTask()));
            store.RequireAgreement(12_000);
            Assert.Equal(new Lsn(6), view.Lsn);
        }

        await ObservedStore.Finish(store.World, store.Engine.PackAllAsync().AsTask());
        store.World.Background.RunAll();
        long open = DiskBytes(store);
        Assert.Equal(0, await ObservedStore.Finish(store.World, store.Engine.PackAllAsync().AsTask()));
        store.RequireAgreement(12_000);

        await store.ReopenAsync();
        store.RequireAgreement(12_000);
        Assert.Equal(0, await ObservedStore.Finish(store.World, store.Engine.PackAllAsync().AsTask()));
        Assert.Equal(open, DiskBytes(store));
    }

    private static long DiskBytes(PartitionedStore store) =>
        store.Engine.GetStatistics().Families.Sum(static f => f.Partitions.Sum(static p => p.Index.DiskBytes));
}
