using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Partitioning;

namespace Mortise.Engine.Tests.Families;

/// <summary>With another interval nothing is ever looked for where it is not: a store is refused until its family is built
/// anew, which happens beside readers and writers.</summary>
public sealed class ChangedIntervalTests
{
    private const long Day = PartitionedStore.Day;
    private const long Begin = PartitionedStore.Begin;

    [Fact]
    public async Task Another_interval_is_refused_before_anything_changes_and_the_message_says_what_to_do()
    {
        await using PartitionedStore store = await FilledAsync(new SimWorld((ulong)Seed.Get(1)));
        await ObservedStore.Finish(store.World, store.Engine.DisposeAsync().AsTask());
        string[] before = store.Directories();
        store.Interval = TimeInterval.Weekly;
        StorageException refusal = await Assert.ThrowsAsync<StorageException>(() => store.OpenAsync());
        Assert.Equal(StorageErrorCode.InvalidConfiguration, refusal.Code);
        Assert.Contains("mortise stack apply", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("monthly", refusal.Message, StringComparison.Ordinal);
        Assert.Contains("weekly", refusal.Message, StringComparison.Ordinal);
        Assert.Equal("indexes/group", refusal.File);
        Assert.Equal(before, store.Directories());

        store.Interval = TimeInterval.Monthly;
        await store.OpenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(60);
        await ObservedStore.Finish(store.World, store.Engine.DisposeAsync().AsTask());

        store.Interval = TimeInterval.Weekly;
        await store.OpenAsync(rebuild: ["group"]);
        store.RequireAgreement(60);
    }

    [Fact]
    public async Task A_migration_goes_on_beside_writers_and_the_next_open_has_the_new_layout()
    {
        await using PartitionedStore store = await FilledAsync(new SimWorld((ulong)Seed.Get(1)));
        Task migrating = store.MigrateAsync(TimeInterval.Weekly);
        for (int id = 100; id < 130; id++)
        {
            await store.PutAsync(id, Begin + (id * 7 * Day));
        }

        await ObservedStore.Finish(store.World, migrating);
        store.RequireAgreement(90);
        Assert.All(
            store.Engine.GetStatistics().Families[1].Partitions,
            static p => Assert.Equal((7 * Day) - 1, p.Bounds.Last - p.Bounds.First));
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        store.RequireAgreement(90);
    }

    /// <summary>At each ninth operation of the migration; at every one in a soak.</summary>
    [Fact]
    public async Task A_power_cut_at_any_step_of_a_migration_leaves_one_layout_or_the_other()
    {
        int seed = Seed.Get(1);
        int step = Seed.Rounds(1) == 1 ? 9 : 1;
        int old = 0;
        int next = 0;
        bool isWhole = false;
        for (int at = 1; !isWhole; at += step)
        {
            var world = new SimWorld((ulong)seed);
            PartitionedStore store = await FilledAsync(world);
            world.Disk.CutPowerAt(world.Disk.Operations + at);
            try
            {
                await ObservedStore.Finish(world, store.MigrateAsync(TimeInterval.Weekly));
                isWhole = !world.Disk.IsOff;
            }
            catch (Exception e) when (world.Disk.IsOff && e is SimulatedPowerCutException or StorageException)
            {
                // What the cut left is looked at below.
            }

            CrashModel[] models = Enum.GetValues<CrashModel>();
            await using var after = new PartitionedStore(
                world.AfterPowerCut((ulong)(seed + at), models[at % models.Length]), TimeInterval.Monthly, maxOpen: 256);
            try
            {
                await after.OpenAsync();
                old++;
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.InvalidConfiguration)
            {
                after.Interval = TimeInterval.Weekly;
                await after.OpenAsync();
                next++;
            }

            Assert.Empty(after.Engine.OpenReport.Rebuilt);
            after.RequireAgreement(60);
        }

        Assert.True(old > 0 && next > 0, $"MORTISE_SEED={seed}: {old} times the old layout, {next} times the new");
    }

    private static async Task<PartitionedStore> FilledAsync(SimWorld world)
    {
        var store = new PartitionedStore(world, TimeInterval.Monthly, maxOpen: 256) { Mode = SyncMode.Always };
        await store.OpenAsync();
        for (int id = 0; id < 60; id++)
        {
            await store.PutAsync(id, Begin + (id * 7 * Day));
        }

        return store;
    }
}
