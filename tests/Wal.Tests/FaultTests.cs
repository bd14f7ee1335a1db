using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

public class FaultTests
{
    [Theory]
    [InlineData(SimFaultEffect.SyncFailed)]
    [InlineData(SimFaultEffect.SyncFailedReverted)]
    public void After_a_failed_sync_nothing_is_ever_reported_durable_again(SimFaultEffect effect)
    {
        using SimWorld world = Logs.World(1);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1]);
        log.Sync();
        log.Append([2]);
        SimFault fault = world.Disk.Plant(SimOperationKind.Sync, "*", 1, effect);
        AssertCode(StorageErrorCode.SyncFailed, () => log.Sync());
        Assert.Equal(1, fault.Fired);
        Assert.Equal(new Lsn(1), log.DurableLsn);
        AssertCode(StorageErrorCode.Faulted, () => log.Sync());
        AssertCode(StorageErrorCode.Faulted, () => log.Append([3]));
        AssertCode(StorageErrorCode.Faulted, () => log.Truncate(new Lsn(1)));
        Assert.Equal(HealthStatus.Failed, log.Health.Status);
        Assert.Equal(new Lsn(1), log.DurableLsn);
        log.Close();
        Assert.Empty(world.Disk.OpenHandles);
    }

    [Fact]
    public void What_only_the_page_cache_holds_is_rewritten_before_it_is_vouched_for()
    {
        using SimWorld world = Logs.World(2);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1]);
        log.Sync();
        log.Append([2]);
        world.Disk.Plant(SimOperationKind.Sync, "*", 1, SimFaultEffect.SyncFailed);
        AssertCode(StorageErrorCode.SyncFailed, () => log.Sync());

        // The record is readable but its bytes are marked clean: no sync of that file will ever write them.
        using SimWorld next = world.AfterProcessDeath();
        log = Logs.Open(next);
        Assert.False(log.Recovery.WasClean);
        Assert.Equal([[1], [2]], log.ReplayAll());
        Assert.Equal(new Lsn(2), log.DurableLsn);
        using SimWorld cut = next.AfterPowerCut(1, CrashModel.SyncedOnly);
        log = Logs.Open(cut);
        Assert.Equal([[1], [2]], log.ReplayAll());
        log.Close();
    }

    /// <summary>Every operation that changes the disk fails once, and for ever, with every error it can have.</summary>
    [Theory]
    [InlineData(SimFaultEffect.Io, false)]
    [InlineData(SimFaultEffect.Io, true)]
    [InlineData(SimFaultEffect.NoSpace, false)]
    [InlineData(SimFaultEffect.NoSpace, true)]
    [InlineData(SimFaultEffect.ShortWrite, false)]
    [InlineData(SimFaultEffect.ShortNoSpace, false)]
    [InlineData(SimFaultEffect.ShortNoSpace, true)]
    [InlineData(SimFaultEffect.TooManyFiles, false)]
    [InlineData(SimFaultEffect.Denied, false)]
    [InlineData(SimFaultEffect.SyncFailed, false)]
    [InlineData(SimFaultEffect.SyncFailedReverted, false)]
    public void An_error_at_any_operation_loses_nothing_that_was_promised(SimFaultEffect effect, bool sticky)
    {
        int seed = (int)TestSeeds.Of(9000);
        for (int nth = 1; ; nth += 1)
        {
            string context = $"seed {seed}, {effect} at {nth}, sticky {sticky}";
            using SimWorld world = Logs.World(seed);
            SimFault fault = world.Disk.Plant(KindsOf(effect), "wal*", nth, effect, sticky);
            var life = new FaultyLife(seed, context);
            life.Run(world, 70);
            bool fired = fault.Fired > 0;
            world.Disk.ClearFaults();

            // The process ends here; what was acknowledged is there for the next, and after a power cut behind it.
            using SimWorld next = world.AfterProcessDeath();
            IWriteAheadLog log = Logs.Open(next);
            life.History.CheckOpened(log, life.History.Durable, context);
            life.CheckFailedAppendsAreGone(log);
            using SimWorld cut = next.AfterPowerCut((ulong)nth, CrashModel.SyncedOnly);
            log = Logs.Open(cut);
            life.History.CheckOpened(log, life.History.Durable, context + ", then a power cut");
            log.Close();
            using SimWorld cutAtOnce = world.AfterPowerCut((ulong)nth, (CrashModel)(1 + (nth % 11)));
            log = Logs.Open(cutAtOnce);
            Assert.True(log.LastLsn.Value >= life.PromisedBeforeReopening, context);
            log.Close();
            if (!fired)
            {
                break;
            }
        }
    }

    [Fact]
    public void A_full_device_fails_the_append_keeps_the_rest_and_works_again_with_space()
    {
        var options = new SimDiskOptions { CapacityBytes = 300 << 10 };
        using var world = new SimWorld(3, options);
        IWriteAheadLog log = Logs.Open(world, Logs.Small(recycled: 0));
        var kept = new List<byte[]>();
        var random = new Random(3);
        int refused = 0;
        for (int i = 0; i < 200; i++)
        {
            byte[] payload = Logs.Payload(random, 3000 + random.Next(2000));
            try
            {
                Lsn lsn = log.Append(payload);
                kept.Add(payload);
                Assert.Equal((ulong)kept.Count, lsn.Value);
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.NoSpace, e.Code);
                refused++;
            }
        }

        Assert.InRange(refused, 100, 199);
        Assert.Equal(HealthStatus.Healthy, log.Health.Status);
        log.Sync();
        Assert.Equal(kept, log.ReplayAll());

        // A checkpoint makes room: the same instance takes records again.
        log.Truncate(log.LastLsn.Next);
        int taken = 0;
        for (int i = 0; i < 20; i++)
        {
            kept.Add(Logs.Payload(random, 3000));
            Assert.Equal((ulong)kept.Count, log.Append(kept[^1]).Value);
            taken++;
        }

        Assert.Equal(20, taken);
        int first = (int)log.FirstLsn.Value - 1;
        Assert.Equal(kept[first..], log.ReplayAll());
        log.Close();
        log = Logs.Open(world, Logs.Small(recycled: 0));
        Assert.Equal(kept[first..], log.ReplayAll());
        log.Close();
    }

    [Fact]
    public void A_record_refused_for_want_of_space_never_appears_later()
    {
        for (int nth = 1; nth < 12; nth++)
        {
            using SimWorld world = Logs.World(4);
            IWriteAheadLog log = Logs.Open(world, Logs.Small(prewrite: 0));
            log.Append(new byte[700]);
            log.Sync();
            world.Disk.Plant(SimOperationKind.Write, "*.wal", 1, SimFaultEffect.ShortNoSpace);
            AssertCode(StorageErrorCode.NoSpace, () => log.Append(Logs.Payload(new Random(nth), 600)));
            foreach (CrashModel model in Enum.GetValues<CrashModel>())
            {
                using SimWorld cut = world.AfterPowerCut((ulong)nth, model);
                IWriteAheadLog again = Logs.Open(cut);
                Assert.Equal(new Lsn(1), again.LastLsn);
                again.Close();
            }

            Assert.Equal(new Lsn(2), log.Append([7]));
            Assert.Equal([7], log.ReplayAll()[1]);
            log.Close();
        }
    }

    [Fact]
    public void Every_case_of_a_failed_directory_sync_stops_the_log_before_records_depend_on_it()
    {
        using SimWorld world = Logs.World(5);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < 4; i++)
        {
            log.Append(new byte[15000]);
        }

        log.Sync();
        world.Disk.Plant(SimOperationKind.SyncDirectory, "*", 1, SimFaultEffect.SyncFailed);
        AssertCode(StorageErrorCode.SyncFailed, () => log.Append(new byte[15000]));
        AssertCode(StorageErrorCode.Faulted, () => log.Append([1]));
        using SimWorld next = world.AfterProcessDeath();
        log = Logs.Open(next);
        log.Append([9]);
        log.Sync();
        using SimWorld cut = next.AfterPowerCut(1, CrashModel.SyncedOnly);
        log = Logs.Open(cut);
        Assert.Equal(new Lsn(5), log.LastLsn);
        log.Close();
    }

    [Fact]
    public void A_spare_whose_name_a_failed_sync_left_in_the_cache_is_not_reused()
    {
        using SimWorld world = Logs.World(6);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < 15; i++)
        {
            log.Append(new byte[15000]);
        }

        log.Sync();
        log.Truncate(log.LastLsn.Next);
        Assert.Equal(2, world.Disk.FilePaths().Count(p => p.Contains("spare", StringComparison.Ordinal)));
        SimFault fault = world.Disk.Plant(SimOperationKind.SyncDirectory, "*", 1, SimFaultEffect.SyncFailed);
        while (fault.Fired == 0)
        {
            try
            {
                log.Append(new byte[15000]);
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.SyncFailed, e.Code);
            }
        }

        using SimWorld next = world.AfterProcessDeath();
        log = Logs.Open(next);
        for (int i = 0; i < 12; i++)
        {
            log.Append(new byte[15000]);
        }

        log.Sync();
        Lsn last = log.LastLsn;
        using SimWorld cut = next.AfterPowerCut(1, CrashModel.SyncedOnly);
        log = Logs.Open(cut);
        Assert.Equal(last, log.LastLsn);
        Assert.Equal((int)(last.Value + 1 - log.FirstLsn.Value), log.ReplayAll().Count);
        log.Close();
    }

    private static SimOperationKind KindsOf(SimFaultEffect effect) => effect switch
    {
        SimFaultEffect.ShortWrite or SimFaultEffect.ShortNoSpace => SimOperationKind.Write,
        SimFaultEffect.SyncFailed or SimFaultEffect.SyncFailedReverted =>
            SimOperationKind.Sync | SimOperationKind.SyncDirectory,
        SimFaultEffect.TooManyFiles or SimFaultEffect.Denied => SimOperationKind.Open | SimOperationKind.Create,
        _ => SimOperationKind.Mutations,
    };

    private static void AssertCode(StorageErrorCode code, Action action) =>
        Assert.Equal(code, Assert.Throws<StorageException>(action).Code);
}
