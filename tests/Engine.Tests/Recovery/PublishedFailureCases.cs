using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Recovery;

/// <summary>Failures that were found in other systems and published, each against the whole store. The table in
/// docs/recovery.md says where each comes from; cases of one part only are tests of that part.</summary>
/// <remarks>Sources: Rebello et al., "Can Applications Recover from fsync Failures?", USENIX ATC 2020; the PostgreSQL
/// list's "fsyncgate", 2018; Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014; Alagappan et al.,
/// "Protocol-Aware Recovery for Consensus-Based Storage", FAST 2018; Mohan et al., "Finding Crash-Consistency Bugs with
/// Bounded Black-Box Crash Testing", OSDI 2018.</remarks>
public sealed class PublishedFailureCases
{
    /// <summary>Cuts fall at each such operation; in a soak at every one.</summary>
    private static readonly int s_every = Seed.Rounds(1) == 1 ? 11 : 1;

    private const SimOperationKind Syncs = SimOperationKind.Sync | SimOperationKind.SyncDirectory;

    [Fact]
    public Task Atc20_ext4_and_xfs_a_failed_sync_leaves_pages_clean_and_readable_but_not_durable() =>
        RequireStableAfterFailedSync(SimFaultEffect.SyncFailed);

    [Fact]
    public Task Atc20_btrfs_a_failed_sync_takes_the_pages_back() =>
        RequireStableAfterFailedSync(SimFaultEffect.SyncFailedReverted);

    [Fact]
    public async Task Fsyncgate_a_second_sync_that_succeeds_is_never_taken_for_durability()
    {
        using var world = new SimWorld(1, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        await engine.PutAsync(1);
        SimFault fault = world.Disk.Plant(SimOperationKind.Sync, "wal/*", 1, SimFaultEffect.SyncFailed);
        await RequireFailure(StorageErrorCode.SyncFailed, engine.PutAsync(2));
        Assert.Equal(1, fault.Fired);

        // The device would sync again without an error; nobody asks it.
        for (int id = 3; id < 6; id++)
        {
            await RequireFailure(StorageErrorCode.Faulted, engine.PutAsync(id));
        }

        await Assert.ThrowsAsync<StorageException>(
            () => ObservedStore.Finish(world, engine.CheckpointAsync().AsTask()));
        Assert.Equal(new Lsn(1), engine.GetStatistics().DurableLsn);
        Assert.Equal([1], Ids(engine));
    }

    [Fact]
    public async Task Atc20_a_false_failure_is_settled_by_reopening_and_never_changes_again()
    {
        // Redis, LevelDB and SQLite report a failure and show the value after a restart. Here too the write may be there,
        // wholly; but what the reopened store shows stays, whatever happens to the power.
        foreach (SimFaultEffect effect in (SimFaultEffect[])[SimFaultEffect.SyncFailed, SimFaultEffect.SyncFailedReverted])
        {
            using var world = new SimWorld(2, eagerBackground: true);
            StoreEngine engine = await ObservedStore.OpenAsync(world);
            await engine.PutAsync(1);
            world.Disk.Plant(SimOperationKind.Sync, "wal/*", 1, effect);
            await RequireFailure(StorageErrorCode.SyncFailed, engine.PutAsync(2));
            using SimWorld next = world.AfterProcessDeath();
            StoreEngine reopened = await ObservedStore.OpenAsync(next);
            long[] shown = Ids(reopened);
            Assert.Contains(1, shown);
            foreach (CrashModel model in Enum.GetValues<CrashModel>())
            {
                using SimWorld cut = next.AfterPowerCut(1, model);
                Assert.Equal(shown, Ids(await ObservedStore.OpenAsync(cut)));
            }
        }
    }

    [Theory]
    [InlineData(SimFaultEffect.SyncFailed)]
    [InlineData(SimFaultEffect.SyncFailedReverted)]
    public async Task Atc20_lmdb_leveldb_sqlite_a_failed_sync_anywhere_in_a_checkpoint_loses_nothing(
        SimFaultEffect effect)
    {
        for (int nth = 1; ; nth++)
        {
            using var world = new SimWorld(3, eagerBackground: true);
            StoreEngine engine = await ObservedStore.OpenAsync(world);
            for (int id = 0; id < 20; id++)
            {
                await engine.PutAsync(id);
            }

            SimFault fault = world.Disk.Plant(Syncs, "*", nth, effect);
            await Attempt(() => ObservedStore.Finish(world, engine.CheckpointAsync().AsTask()));
            int acknowledged = await Attempt(() => engine.PutAsync(20)) ? 21 : 20;
            world.Disk.ClearFaults();

            // The process ends on a kept cache, and then the power goes: what was shown once stays.
            using SimWorld next = world.AfterProcessDeath();
            long[] shown = Ids(await ObservedStore.OpenAsync(next));
            Assert.Equal(Enumerable.Range(0, acknowledged), shown.Take(acknowledged).Select(static id => (int)id));
            using SimWorld cut = next.AfterPowerCut((ulong)nth, CrashModel.SyncedOnly);
            Assert.Equal(shown, Ids(await ObservedStore.OpenAsync(cut)));
            using SimWorld cutAtOnce = world.AfterPowerCut((ulong)nth, CrashModel.SyncedOnly);
            Assert.True(Ids(await ObservedStore.OpenAsync(cutAtOnce)).Length >= acknowledged, $"{effect} at {nth}");
            if (fault.Fired == 0)
            {
                Assert.True(nth > 8, $"a checkpoint has {nth} syncs");
                return;
            }
        }
    }

    [Fact]
    public async Task Atc20_delayed_allocation_a_full_device_at_any_write_fails_that_write_and_nothing_else()
    {
        for (int nth = 1; ; nth++)
        {
            using var world = new SimWorld(4, eagerBackground: true);
            StoreEngine engine = await ObservedStore.OpenAsync(world);
            await engine.PutAsync(0);
            SimFault fault = world.Disk.Plant(SimOperationKind.Write, "*", nth, SimFaultEffect.ShortNoSpace);
            var acknowledged = new List<long> { 0 };
            for (int id = 1; id < 12; id++)
            {
                if (await Attempt(() => engine.PutAsync(id)))
                {
                    acknowledged.Add(id);
                }
            }

            world.Disk.ClearFaults();
            using SimWorld cut = world.AfterPowerCut((ulong)nth, CrashModel.SyncedOnly);
            Assert.Empty(acknowledged.Except(Ids(await ObservedStore.OpenAsync(cut))));
            if (fault.Fired == 0)
            {
                Assert.Equal(12, acknowledged.Count);
                return;
            }
        }
    }

    [Fact]
    public Task Osdi14_append_atomicity_a_torn_append_is_no_commit() => CutEverywhere(CrashModel.TornLast);

    [Fact]
    public Task Osdi14_append_content_a_file_that_grew_before_its_bytes_came_holds_garbage() =>
        CutEverywhere(CrashModel.GarbageTail);

    [Fact]
    public Task Osdi14_size_before_data_new_files_are_there_and_empty() => CutEverywhere(CrashModel.BytesLost);

    [Fact]
    public Task Osdi14_missing_directory_sync_bytes_are_there_and_names_are_not() =>
        CutEverywhere(CrashModel.NamesLost);

    [Fact]
    public Task Osdi14_overwrite_atomicity_each_sector_of_an_overwrite_goes_its_own_way() =>
        CutEverywhere(CrashModel.Reordered);

    [Fact]
    public Task Osdi14_ordering_across_files_any_subset_of_what_was_not_synced_survives() =>
        CutEverywhere(CrashModel.RandomSubset);

    [Fact]
    public Task Osdi14_ordering_one_write_is_overtaken_by_all_later_ones() => CutEverywhere(CrashModel.DropOne);

    [Fact]
    public Task Osdi14_ordering_one_write_overtakes_all_earlier_ones() => CutEverywhere(CrashModel.OnlyOne);

    [Fact]
    public Task Osdi14_journalled_order_a_prefix_of_everything_survives() => CutEverywhere(CrashModel.Prefix);

    [Fact]
    public async Task Fast18_the_checkpoint_vouches_for_the_end_of_the_log_when_its_last_record_is_damaged()
    {
        using var world = new SimWorld(5, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        for (int id = 0; id < 10; id++)
        {
            await engine.PutAsync(id);
        }

        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        using SimWorld next = world.AfterProcessDeath();

        // Nothing in the log itself follows the tenth record: without the checkpoint it would be a torn tail.
        string active = next.Disk.FilePaths().Last(static p => p.EndsWith(".wal", StringComparison.Ordinal));
        int last = next.Disk.ReadAllBytes(active).AsSpan().LastIndexOfAnyExcept((byte)0);
        next.Disk.FlipBit(active, last - 40, bit: 0);
        StorageException refusal = await Assert.ThrowsAsync<StorageException>(() => ObservedStore.OpenAsync(next));
        Assert.Equal(StorageErrorCode.Corrupt, refusal.Code);
    }

    /// <summary>All workloads of two operations (three in a soak), each cut at every disk operation.</summary>
    [Fact]
    public async Task Osdi18_crashmonkey_every_short_workload_survives_a_cut_at_every_operation()
    {
        SimStep[] steps =
        [
            new WriteStep([new SimPut(1, 1, 1_700_000_000, 50, 7), new SimPut(2, 2, 1_600_000_000, 0, 8)], []),
            new WriteStep([new SimPut(1, 2, 1_700_000_001, 90, 9)], [2]),
            new CheckpointStep(),
            new CompactStep(),
            new CloseStep(),
        ];
        IEnumerable<SimStep[]> workloads =
            from a in steps from b in steps select (SimStep[])[steps[0], a, b];
        if (Seed.Rounds(1) > 1)
        {
            workloads = from a in steps from b in steps from c in steps select (SimStep[])[steps[0], a, b, c];
        }

        int turn = 0;
        foreach (SimStep[] workload in workloads)
        {
            turn++;
            await CutEverywhere(at => (CrashModel)(1 + ((at + turn) % 11)), workload);
        }
    }

    private static Task CutEverywhere(CrashModel model) =>
        CutEverywhere(
            _ => model,
            [
                .. SimScript.Generate((ulong)Seed.Get(21), 10).Where(static s => s is WriteStep or GroupStep),
                new CheckpointStep(),
                new WriteStep([new SimPut(1, 1, 1_700_000_000, 50, 7)], [2, 3]),
                new CompactStep(),
                new CloseStep(),
                new WriteStep([new SimPut(4, 1, 1_700_000_000, 70, 9)], [1]),
            ]);

    private static async Task CutEverywhere(Func<int, CrashModel> model, SimStep[] script)
    {
        var simulation = new StoreSimulation(world => SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree));
        Assert.Null(await simulation.TryAsync(1, script));
        long operations = simulation.Counts.Operations;
        int first = 1 + (int)model(0) % s_every;
        for (int at = first; at <= operations; at += s_every)
        {
            var cut = new PowerCutStep(at, model(at), (ulong)at);
            string? failure = await simulation.TryAsync(1, [cut, .. script]);
            Assert.True(failure is null, $"MORTISE_SEED={Seed.Get(21)}, {cut}: {failure}");
        }

        Assert.True(
            simulation.Counts.PowerCuts >= operations / s_every * 9 / 10,
            $"{simulation.Counts.PowerCuts} of {operations}");
    }

    private static async Task RequireStableAfterFailedSync(SimFaultEffect effect)
    {
        for (int nth = 1; nth <= 4; nth++)
        {
            using var world = new SimWorld(6, eagerBackground: true);
            StoreEngine engine = await ObservedStore.OpenAsync(world);
            SimFault fault = world.Disk.Plant(Syncs, "*", nth, effect);
            var acknowledged = new List<long>();
            for (int id = 0; id < 6; id++)
            {
                if (await Attempt(() => engine.PutAsync(id)))
                {
                    acknowledged.Add(id);
                    Assert.Equal(0, fault.Fired);
                }
            }

            Assert.Equal(1, fault.Fired);

            // Restarted on the kept cache, where the pages look as if they were on the disk; what the store then says is
            // there has to be there when the cache is gone.
            using SimWorld next = world.AfterProcessDeath();
            long[] shown = Ids(await ObservedStore.OpenAsync(next));
            Assert.Empty(acknowledged.Except(shown));
            using SimWorld cut = next.AfterPowerCut((ulong)nth, CrashModel.SyncedOnly);
            Assert.Equal(shown, Ids(await ObservedStore.OpenAsync(cut)));
        }
    }

    private static async Task RequireFailure(StorageErrorCode code, Task task) =>
        Assert.Equal(code, (await Assert.ThrowsAsync<StorageException>(() => task)).Code);

    private static async Task<bool> Attempt(Func<Task> action)
    {
        try
        {
            await action();
            return true;
        }
        catch (StorageException)
        {
            return false;
        }
    }

    private static long[] Ids(StoreEngine engine) => engine.Ids();
}
