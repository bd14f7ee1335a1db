using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Logging;
using Mortise.Reference;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Commit;

/// <summary>Bodies that are written to the record store before their commits, and nowhere else.</summary>
public sealed class BodiesOnceTests
{
    // Above the 400 bytes from which on the small stacks write bodies once.
    private const int Large = 600;
    private const int Small = 100;

    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Batch)]
    [InlineData(SyncMode.Never)]
    public async Task Large_groups_are_in_the_log_by_reference_and_small_ones_whole(SyncMode mode)
    {
        using var world = new SimWorld(1, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, mode);

        // The first record begins the first segment, which cannot be written ahead.
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Small);
        await engine.PutAsync(3, Large);
        await engine.PutAsync(4, Small);
        await engine.PutAsync(5, Large);
        await engine.DeleteAsync(3);
        Assert.Equal([false, false, true, false, true, false], References(world));
        using SimWorld next = world.AfterProcessDeath();
        StoreEngine reopened = await OpenAsync(next, mode);
        Assert.Equal([1, 2, 4, 5], reopened.Ids());
        Assert.Equal(0, reopened.OpenReport.TornCommits);
        Assert.Equal(6, reopened.OpenReport.ReplayedCommits);
    }

    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Batch)]
    [InlineData(SyncMode.Never)]
    public async Task An_option_above_the_largest_group_switches_it_off_and_what_was_written_before_is_read(SyncMode mode)
    {
        using var world = new SimWorld(2, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, mode);
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Large);
        using SimWorld next = world.AfterProcessDeath();
        engine = await OpenAsync(next, mode, Off);
        await engine.PutAsync(3, Large);
        await engine.PutAsync(4, 20 * Large);
        Assert.Equal([false, true, false, false], References(next));
        using SimWorld last = next.AfterProcessDeath();
        RequireShown(await OpenAsync(last, mode), 1, 2, 3, 4);
    }

    [Fact]
    public async Task A_record_store_without_the_capability_gets_bodies_through_the_log_and_what_needs_it_is_refused_in_words()
    {
        using var world = new SimWorld(3, eagerBackground: true);
        StoreEngine engine = await OpenAsync(
            world, SyncMode.Always, stack => stack with { Records = PluginParts.Of(new ReferencePlugin()).Records! });
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Large);
        Assert.Equal([false, false], References(world));
        Assert.All(Contents(world), static commit => Assert.Equal(Lsn.None, commit.Durable));

        // A store whose log refers to bodies, under a plugin that has unlearned it.
        using var other = new SimWorld(4, eagerBackground: true);
        engine = await OpenAsync(other, SyncMode.Always);
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Large);
        using SimWorld next = other.AfterProcessDeath();
        StorageException refused = await Assert.ThrowsAsync<StorageException>(
            () => OpenAsync(next, SyncMode.Always, static stack => stack with
            {
                Records = new ComponentPart<Records.IRecordStore>
                {
                    Identity = stack.Records.Identity,
                    Open = stack.Records.Open,
                },
            }));
        Assert.Equal(StorageErrorCode.Unsupported, refused.Code);
        Assert.Contains("commit 2", refused.Message, StringComparison.Ordinal);
        using SimWorld last = next.AfterProcessDeath();
        RequireShown(await OpenAsync(last, SyncMode.Always), 1, 2);
    }

    [Fact]
    public async Task A_full_device_at_staging_puts_the_bodies_into_the_log_and_leaves_nothing_in_the_records()
    {
        using var world = new SimWorld(5, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, SyncMode.Always);
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Large);
        SimFault fault = world.Disk.Plant(SimOperationKind.Write, "records/seg-*", 1, SimFaultEffect.ShortNoSpace, sticky: true);
        long before = SegmentBytes(world);
        await engine.PutAsync(3, 10 * Large);
        Assert.True(fault.Fired > 0);
        Assert.Equal(before, SegmentBytes(world));
        await engine.PutAsync(4, Large);
        Assert.Equal([false, true, false, false], References(world));
        Assert.Equal([1, 2, 3, 4], engine.Ids());
        world.Disk.ClearFaults();
        await engine.PutAsync(5, Large);
        world.Background.RunAll();
        await engine.PutAsync(6, Large);
        Assert.True(References(world)[^1]);
        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            using SimWorld cut = world.AfterPowerCut(1, model);
            RequireShown(await OpenAsync(cut, SyncMode.Always), 1, 2, 3, 4, 5, 6);
        }
    }

    [Fact]
    public async Task A_commit_that_the_log_has_no_room_for_leaves_no_trace_of_its_bodies()
    {
        using var world = new SimWorld(6, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, SyncMode.Always);
        await engine.PutAsync(1, Large);
        await engine.PutAsync(2, Large);
        world.Disk.Plant(SimOperationKind.Write, "wal/*.wal", 1, SimFaultEffect.NoSpace);
        const long last = 3;
        StorageException full = await Assert.ThrowsAsync<StorageException>(() => engine.PutAsync(last, Large));
        Assert.Equal(StorageErrorCode.NoSpace, full.Code);
        byte[] refused = SimRecord.Make(last, last % 3, 1_700_000_000 + last, Large, (byte)last);
        Assert.DoesNotContain(
            world.Disk.FilePaths(), path => world.Disk.ReadAllBytes(path).AsSpan().IndexOf(refused.AsSpan(0, 64)) >= 0);
        world.Disk.ClearFaults();
        await engine.PutAsync(last + 1, Large);
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        long[] expected = [1, 2, last + 1];
        Assert.Equal(expected, engine.Ids());

        // Not even to somebody who has to look for records where they may be.
        using SimWorld next = world.AfterProcessDeath();
        next.Disk.Root.OpenDirectory(OpenedParts.RecordsDirectory).Delete("checkpoint");
        StoreQuarantine.Run(SimStacks.Compose(next, SyncMode.Always, SimStacks.BTree));
        Assert.Equal(expected, (await OpenAsync(next, SyncMode.Always, Rebuild)).Ids());
    }

    [Theory]
    [InlineData("records/*", SimFaultEffect.SyncFailed, false)]
    [InlineData("records/*", SimFaultEffect.SyncFailedReverted, false)]
    [InlineData("records/*", SimFaultEffect.SyncFailed, true)]
    [InlineData("records/*", SimFaultEffect.SyncFailedReverted, true)]
    [InlineData("wal/*", SimFaultEffect.SyncFailed, false)]
    [InlineData("wal/*", SimFaultEffect.SyncFailedReverted, false)]
    [InlineData("wal/*", SimFaultEffect.SyncFailed, true)]
    [InlineData("wal/*", SimFaultEffect.SyncFailedReverted, true)]
    public async Task A_failed_sync_of_either_file_is_heard_and_nothing_is_acknowledged_after_it(
        string files, SimFaultEffect effect, bool isParallel)
    {
        Func<StoreComposition, StoreComposition> change = stack => stack with
        {
            Options = Changed(stack.Options, stack.Options.BodiesOnceFrom, isParallel),
        };
        using var world = new SimWorld(7, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, SyncMode.Always, change);
        for (int id = 1; id <= 3; id++)
        {
            await ObservedStore.Finish(world, engine.PutAsync(id, Large));
        }

        SimFault fault = world.Disk.Plant(SimOperationKind.Sync, files, 1, effect);
        await Assert.ThrowsAsync<StorageException>(() => ObservedStore.Finish(world, engine.PutAsync(4, Large)));
        Assert.Equal(1, fault.Fired);
        Assert.Equal(new Lsn(3), engine.GetStatistics().DurableLsn);
        foreach (int bytes in (int[])[Small, Large])
        {
            StorageException after = await Assert.ThrowsAsync<StorageException>(
                () => ObservedStore.Finish(world, engine.PutAsync(5, bytes)));
            Assert.Equal(StorageErrorCode.Faulted, after.Code);
        }

        await Assert.ThrowsAsync<StorageException>(() => ObservedStore.Finish(world, engine.CheckpointAsync().AsTask()));
        using SimWorld next = world.AfterProcessDeath();
        long[] shown = (await OpenAsync(next, SyncMode.Always, change)).Ids();
        Assert.Equal([1, 2, 3], shown.Take(3));
        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            // What was shown once stays, and what was acknowledged is there either way.
            using SimWorld cut = next.AfterPowerCut(1, model);
            Assert.Equal(shown, (await OpenAsync(cut, SyncMode.Always, change)).Ids());
            using SimWorld atOnce = world.AfterPowerCut(1, model);
            Assert.Equal([1, 2, 3], (await OpenAsync(atOnce, SyncMode.Always, change)).Ids().Take(3));
        }
    }

    [Fact]
    public async Task An_exception_of_any_kind_at_any_operation_of_a_write_loses_nothing_that_was_acknowledged()
    {
        int thrown = 0;
        for (int at = 1; ; at++)
        {
            using var world = new SimWorld(8, eagerBackground: true);
            StoreEngine engine = await OpenAsync(world, SyncMode.Always);
            for (int id = 1; id <= 3; id++)
            {
                await engine.PutAsync(id, Large);
            }

            bool isMet = false;
            world.Disk.At(world.Disk.Operations + at, () =>
            {
                isMet = true;
                throw new InvalidOperationException("not an error of the device");
            });
            var acknowledged = new List<long> { 1, 2, 3 };
            for (int id = 4; id <= 6; id++)
            {
                try
                {
                    await engine.PutAsync(id, Large);
                    acknowledged.Add(id);
                }
                catch (Exception e) when (e is InvalidOperationException or StorageException)
                {
                    thrown++;
                }
            }

            using SimWorld cut = world.AfterPowerCut((ulong)at, CrashModel.SyncedOnly);
            Assert.Empty(acknowledged.Except((await OpenAsync(cut, SyncMode.Always)).Ids()));
            if (!isMet)
            {
                Assert.Equal(6, acknowledged.Count);
                Assert.True(thrown > 6, $"{thrown} writes failed");
                return;
            }
        }
    }

    [Fact]
    public async Task A_body_that_is_not_whole_ends_the_log_unless_a_later_commit_says_that_it_was_durable()
    {
        using var world = new SimWorld(9, eagerBackground: true);
        StoreEngine engine = await OpenAsync(world, SyncMode.Always);
        for (int id = 1; id <= 5; id++)
        {
            await engine.PutAsync(id, Large);
        }

        for (int damaged = 2; damaged <= 5; damaged++)
        {
            using SimWorld next = world.AfterProcessDeath();
            Damage(next, damaged);
            StoreComposition stack = SimStacks.Compose(next, SyncMode.Always, SimStacks.BTree);
            LogVerification verified = LogExamination.Verify(stack);
            if (damaged < 5)
            {
                // Commit 5 was made when 1 to 4 were durable.
                StorageException corrupt = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(next, SyncMode.Always));
                Assert.Equal(StorageErrorCode.Corrupt, corrupt.Code);
                Assert.Contains($"commit {damaged} ", corrupt.Message, StringComparison.Ordinal);
                Assert.Contains("up to 4", corrupt.Message, StringComparison.Ordinal);
                Assert.Equal("log-body", Assert.Single(verified.Findings).Code);
                BackupReport copy = await BackUpAsync(next);
                Assert.Equal("log-body", Assert.Single(copy.Findings).Code);
                Assert.Equal(new Lsn((ulong)damaged - 1), copy.Lsn);
                continue;
            }

            Assert.Empty(verified.Findings);
            Assert.Equal(new Lsn(5), verified.BodiesTornFrom);
            StoreEngine reopened = await OpenAsync(next, SyncMode.Always);
            Assert.Equal([1, 2, 3, 4], reopened.Ids());
            Assert.Equal(1, reopened.OpenReport.TornCommits);

            // What was given up never counts again, whatever comes in its place.
            await reopened.PutAsync(6, Large);
            using SimWorld last = next.AfterPowerCut(1, CrashModel.SyncedOnly);
            RequireShown(await OpenAsync(last, SyncMode.Always), 1, 2, 3, 4, 6);
        }
    }

    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Never)]
    public async Task A_backup_of_a_store_with_an_unsettled_tail_is_the_store_that_opening_gives(SyncMode mode)
    {
        int torn = 0;
        for (int seed = 0; seed < 24; seed++)
        {
            using var world = new SimWorld((ulong)seed, eagerBackground: true);
            StoreEngine engine = await OpenAsync(world, mode);
            for (int id = 1; id <= 12; id++)
            {
                await engine.PutAsync(id, id % 4 == 0 ? Small : Large);
                if (id == 5)
                {
                    await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
                }
            }

            BackupReport live = await BackUpAsync(world);
            Assert.Equal(new Lsn(12), live.Lsn);
            Assert.Equal(12, live.Records);
            Assert.Empty(live.Findings);
            using SimWorld cut = world.AfterPowerCut((ulong)seed, CrashModel.RandomSubset);
            using SimWorld renewed = cut.AfterProcessDeath();
            BackupReport crashed = await BackUpAsync(renewed);
            Assert.Empty(crashed.Findings);
            StoreEngine reopened = await OpenAsync(cut, mode);
            torn += reopened.OpenReport.TornCommits > 0 ? 1 : 0;
            StoreEngine copy = await OpenAsync(
                renewed, mode, stack => stack with { Root = renewed.Disk.Root.OpenDirectory("copy") });
            Assert.Equal(reopened.Ids(), copy.Ids());
        }

        Assert.True(mode == SyncMode.Always ? torn == 0 : torn > 0, $"{torn} torn");
    }

    private static Task<StoreEngine> OpenAsync(
        SimWorld world, SyncMode mode, Func<StoreComposition, StoreComposition>? change = null)
    {
        StoreComposition stack = SimStacks.Compose(world, mode, SimStacks.BTree);
        return ObservedStore.Finish(
            world,
            StoreEngine.OpenAsync(change?.Invoke(stack) ?? stack, SimProjections.All, new SimPlanner()).AsTask());
    }

    private static void RequireShown(StoreEngine engine, params long[] ids) => Assert.Equal(ids, engine.Ids());

    private static StoreComposition Off(StoreComposition stack) => stack with
    {
        Options = Changed(stack.Options, new ByteSize(stack.Options.MaxGroupBytes.Bytes + 1), stack.Options.ParallelSync),
    };

    private static StoreComposition Rebuild(StoreComposition stack) => stack with
    {
        RebuildFamilies = [.. stack.Families.Select(static family => family.Name)],
    };

    private static EngineOptions Changed(EngineOptions options, ByteSize bodiesOnceFrom, bool isParallel) => new()
    {
        SyncMode = options.SyncMode,
        CheckpointInterval = options.CheckpointInterval,
        MaxOpenPartitions = options.MaxOpenPartitions,
        RebuildScans = options.RebuildScans,
        SealAfter = options.SealAfter,
        BodiesOnceFrom = bodiesOnceFrom,
        ParallelSync = isParallel,
    };

    private static async Task<BackupReport> BackUpAsync(SimWorld world) => await ObservedStore.Finish(
        world,
        StoreBackup.RunAsync(
            SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree), world.Disk.Root.OpenDirectory("copy")).AsTask());

    /// <summary>For each commit in the log, whether its bodies are elsewhere.</summary>
    private static bool[] References(SimWorld world) => [.. Contents(world).Select(static commit => commit.HasReferences)];

    private static List<CommitContent> Contents(SimWorld world)
    {
        var commits = new List<CommitContent>();
        LogExamination.Dump(
            SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree),
            Lsn.None,
            new Lsn(ulong.MaxValue),
            (in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            {
                if (record.State == LogDumpState.Whole)
                {
                    var commit = new CommitContent();
                    CommitFormat.Read(record.Lsn, payload, commit);
                    commits.Add(commit);
                }

                return true;
            });
        return commits;
    }

    private static long SegmentBytes(SimWorld world) => world.Disk.FilePaths()
        .Where(static path => path.StartsWith("records/seg-", StringComparison.Ordinal))
        .Sum(path => (long)world.Disk.ReadAllBytes(path).Length);

    /// <summary>Damages the record of a commit, of which there is one with the body of its number.</summary>
    private static void Damage(SimWorld world, int id)
    {
        byte[] body = SimRecord.Make(id, id % 3, 1_700_000_000 + id, Large, (byte)id);
        string path = Assert.Single(
            world.Disk.FilePaths(),
            p => p.StartsWith("records/seg-", StringComparison.Ordinal) && world.Disk.ReadAllBytes(p).AsSpan().IndexOf(body) >= 0);
        byte[] bytes = world.Disk.ReadAllBytes(path);
        bytes[bytes.AsSpan().IndexOf(body) + 100] ^= 1;
        world.Disk.Overwrite(path, bytes);
    }
}
