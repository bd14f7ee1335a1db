using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class CrashLaws
{
    private static readonly CrashModel[] s_models = Enum.GetValues<CrashModel>();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_power_cut_at_any_operation_leaves_the_last_checkpoint_and_replay_gives_the_rest(bool packed)
    {
        ulong seed = TestSeed.Value;
        int cuts = 0;
        for (int operation = 1; ; operation++)
        {
            var promise = new Workload.Promise();
            if (await LiveUntilCutAsync(seed, operation, promise, packed) is not { } before)
            {
                break;
            }

            cuts++;

            // Between a rename and the sync of its directory names may survive one without the other: look harder there.
            bool isDelicate = before.World.Disk.Log[^1].Kind == SimOperationKind.SyncDirectory;
            int states = (isDelicate ? s_models.Length * 2 : 2) * TestSeed.Soak;
            for (int i = 0; i < states; i++)
            {
                CrashModel model = s_models[(operation + i * 5) % s_models.Length];
                ulong crash = Seeds.Derive(seed, (ulong)(operation * 1000 + i));
                await RecoverAsync(before, promise, crash, model, $"cut at {operation}, {model}, seed {seed}");
            }
        }

        Assert.True(cuts > 60, $"only {cuts} operations");
    }

    [Fact]
    public async Task A_power_cut_during_recovery_is_as_safe()
    {
        ulong seed = TestSeed.Value + 1;
        Random random = Seeds.Generator(seed);
        for (int run = 0; run < 40 * TestSeed.Soak; run++)
        {
            var promise = new Workload.Promise();
            LoggedStore? before = await LiveUntilCutAsync(seed, random.Next(20, 90), promise, packed: run % 2 == 0);
            Assert.NotNull(before);
            for (int depth = 0; depth < 3; depth++)
            {
                ulong crash = Seeds.Derive(seed, (ulong)(run * 10 + depth));
                SimWorld world = before.World.AfterPowerCut(crash, s_models[random.Next(s_models.Length)]);
                world.Disk.CutPowerAt(world.Disk.Operations + random.Next(1, 30));
                before = await ContinueUntilCutAsync(world, before, promise, crash);
            }

            await RecoverAsync(before, promise, Seeds.Derive(seed, (ulong)run), CrashModel.Reordered, $"run {run}, {seed}");
        }
    }

    [Fact]
    public async Task What_is_behind_the_last_checkpoint_is_never_trusted()
    {
        // A failed sync marks the tail clean: it reads well until the power goes, and is not there afterwards.
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        store.Put(new byte[3000]);
        await store.Store.CheckpointAsync();
        RecordLocation late = store.Put(new byte[3000]);
        store.World.Disk.Plant(SimOperationKind.Sync, "records/seg-*", 1, SimFaultEffect.SyncFailed);
        var error = await Assert.ThrowsAsync<StorageException>(async () => await store.Store.CheckpointAsync());
        Assert.Equal(StorageErrorCode.SyncFailed, error.Code);

        LoggedStore next = await store.AfterProcessDeathAsync();
        Assert.Equal(new Lsn(1), next.Store.DurableLsn);
        await next.Store.CheckpointAsync();
        LoggedStore last = await next.AfterPowerCutAsync(1, CrashModel.SyncedOnly);
        Assert.Equal(new Lsn(2), last.Store.DurableLsn);
        using (RecordLease lease = last.Store.Read(late))
        {
            Assert.Equal(3000, lease.Bytes.Length);
        }

        await last.DisposeAsync();
    }

    [Fact]
    public async Task A_failed_sync_closes_the_store_for_writing_and_not_for_reading()
    {
        foreach (string glob in (string[])["records/seg-*", "records/tombs-*", "records/checkpoint.new", "records"])
        {
            LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
            RecordLocation at = store.Put(new byte[3000]);
            store.Commit([], [store.Put(new byte[100])]);
            SimOperationKind kind = glob == "records" ? SimOperationKind.SyncDirectory : SimOperationKind.Sync;
            store.World.Disk.Plant(kind, glob, 1, SimFaultEffect.SyncFailed);
            var first = await Assert.ThrowsAsync<StorageException>(async () => await store.Store.CheckpointAsync());
            Assert.Equal(StorageErrorCode.SyncFailed, first.Code);
            var second = await Assert.ThrowsAsync<StorageException>(async () => await store.Store.CheckpointAsync());
            Assert.Equal(StorageErrorCode.Faulted, second.Code);
            var third = Assert.Throws<StorageException>(() => store.Store.Plan([1], new RecordLocation[1]));
            Assert.Equal(StorageErrorCode.Faulted, third.Code);
            Assert.Equal(Lsn.None, store.Store.DurableLsn);
            Assert.Equal(Components.HealthStatus.Failed, store.Store.Health.Status);
            using (RecordLease lease = store.Store.Read(at))
            {
                Assert.Equal(3000, lease.Bytes.Length);
            }

            LoggedStore next = await store.AfterPowerCutAsync(1, CrashModel.SyncedOnly);
            next.Check();
            await next.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(SimFaultEffect.NoSpace, true)]
    [InlineData(SimFaultEffect.ShortNoSpace, false)]
    [InlineData(SimFaultEffect.Io, false)]
    [InlineData(SimFaultEffect.Io, true)]
    [InlineData(SimFaultEffect.ShortWrite, true)]
    [InlineData(SimFaultEffect.SyncFailed, false)]
    [InlineData(SimFaultEffect.SyncFailedReverted, false)]
    [InlineData(SimFaultEffect.TooManyFiles, false)]
    [InlineData(SimFaultEffect.Denied, true)]
    public async Task A_device_failure_at_any_operation_is_typed_and_loses_nothing(SimFaultEffect effect, bool sticky)
    {
        SimOperationKind kinds = effect switch
        {
            SimFaultEffect.ShortWrite or SimFaultEffect.ShortNoSpace => SimOperationKind.Write,
            SimFaultEffect.SyncFailed or SimFaultEffect.SyncFailedReverted =>
                SimOperationKind.Sync | SimOperationKind.SyncDirectory,
            _ => SimOperationKind.All & ~SimOperationKind.List,
        };
        for (int nth = 1; ; nth++)
        {
            var world = new SimWorld(TestSeed.Value, new SimDiskOptions { CanMap = nth % 2 == 0, KeepLog = false });
            world.Directory(LoggedStore.Instance);
            SimFault fault = world.Disk.Plant(kinds, "records*", nth, effect, sticky);
            var promise = new Workload.Promise();
            SegmentsOptions options = Workload.OptionsOf(packed: nth / 2 % 2 == 0);
            var log = new List<LoggedBatch>();
            var reclaims = new Reclaims();
            LoggedStore? store = null;
            try
            {
                store = await LoggedStore.OpenAsync(world, options, log, reclaims);
                await Workload.RunAsync(store, TestSeed.Value, promise);
            }
            catch (StorageException)
            {
                // Typed, as it must be; anything else fails the test.
            }

            if (store is not null)
            {
                await store.DisposeAsync();
                Assert.Empty(world.Disk.OpenHandles);
            }

            bool ended = fault.Fired == 0;
            world.Disk.ClearFaults();
            LoggedStore next = await LoggedStore.OpenAsync(
                nth % 3 == 0 ? world.AfterPowerCut(1, CrashModel.SyncedOnly) : world, options, log, reclaims);
            Assert.True(next.Store.AppliedLsn >= promise.Durable, $"{effect} at {nth}");
            next.Check($"{effect} at {nth}");
            await next.Store.CheckpointAsync();
            next = await next.ReopenAsync();
            next.Check($"{effect} at {nth}");
            await next.DisposeAsync();
            if (ended)
            {
                return;
            }
        }
    }

    [Fact]
    public async Task A_full_device_is_an_ordinary_day()
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: new SegmentsOptions
        {
            SegmentSize = ByteSize.KiB(16),
            WriteBuffer = ByteSize.KiB(4),
            MaxUnwritten = ByteSize.KiB(64),
        });
        SimFault full = store.World.Disk.Plant(
            SimOperationKind.Write, "records/*", 1, SimFaultEffect.NoSpace, sticky: true);
        StorageException? refused = null;
        int records = 0;
        while (refused is null)
        {
            try
            {
                store.Put(new byte[1000]);
                records++;
            }
            catch (StorageException error)
            {
                refused = error;
            }

            Assert.True(records < 1000, "never refused");
        }

        Assert.Equal(StorageErrorCode.NoSpace, refused.Code);
        Assert.Equal(Components.HealthStatus.Degraded, store.Store.Health.Status);
        Assert.True(full.Fired > 0);
        store.Check();
        var late = await Assert.ThrowsAsync<StorageException>(async () => await store.Store.CheckpointAsync());
        Assert.Equal(StorageErrorCode.NoSpace, late.Code);
        store.World.Disk.ClearFaults();
        store.Put(new byte[1000]);
        await store.Store.CheckpointAsync();
        Assert.Equal(Components.HealthStatus.Healthy, store.Store.Health.Status);
        LoggedStore next = await store.AfterPowerCutAsync(1, CrashModel.SyncedOnly);
        Assert.Equal(records + 1, next.Store.Statistics.LiveRecords);
        next.Check();
        await next.DisposeAsync();
    }

    private static async Task<LoggedStore?> LiveUntilCutAsync(
        ulong seed, int operation, Workload.Promise promise, bool packed = false)
    {
        SegmentsOptions options = Workload.OptionsOf(packed);
        var world = new SimWorld(seed, new SimDiskOptions { CanMap = operation % 2 == 0 });
        world.Directory(LoggedStore.Instance);
        world.Disk.CutPowerAt(world.Disk.Operations + operation);
        var log = new List<LoggedBatch>();
        var reclaims = new Reclaims();
        LoggedStore? store = null;
        try
        {
            store = await LoggedStore.OpenAsync(world, options, log, reclaims);
            await Workload.RunAsync(store, seed, promise);
            await store.DisposeAsync();
            return null;
        }
        catch (SimulatedPowerCutException)
        {
            return store ?? LoggedStore.NeverOpened(world, options, log, reclaims);
        }
    }

    private static async Task<LoggedStore> ContinueUntilCutAsync(
        SimWorld world, LoggedStore before, Workload.Promise promise, ulong seed)
    {
        LoggedStore? store = null;
        try
        {
            store = await LoggedStore.OpenAsync(world, before.Options, before.Log, before.Reclaims);
            await Workload.RunAsync(store, seed, promise, rounds: 1);
            world.Disk.CutPower();
            return store;
        }
        catch (SimulatedPowerCutException)
        {
            return store ?? LoggedStore.NeverOpened(world, before.Options, before.Log, before.Reclaims);
        }
    }

    private static async Task RecoverAsync(
        LoggedStore before, Workload.Promise promise, ulong seed, CrashModel model, string context)
    {
        try
        {
            LoggedStore after = await before.AfterPowerCutAsync(seed, model);
            Assert.True(after.DurableAtOpen >= promise.Durable, $"{after.DurableAtOpen} < {promise.Durable}");
            after.Check();
            await after.Store.CheckpointAsync();
            after = await after.ReopenAsync();
            after.Check();
            await after.DisposeAsync();
            Assert.Empty(after.World.Disk.OpenHandles);
        }
        catch (Exception error)
        {
            throw new InvalidOperationException(context, error);
        }
    }
}
