using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>What a log does when the device fails it.</summary>
internal static class LogFaultLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IWriteAheadLog>> suite)
    {
        suite
            .Add(
                LogLaws.Must("WL7", "After a failed sync the log is faulted until reopened, and nothing is reported "
                    + "durable on the strength of a retry, before or after a restart."),
                FailedSync)
            .Add(
                LogLaws.Must("WL8", "A full device fails the append with NoSpace; that record never appears, earlier "
                    + "ones stay, and space makes the log work again."),
                Full)
            .Add(
                LogLaws.Must("WL26", "Any failed write or sync, at every place, gives a StorageException, and no "
                    + "promise made before or after is broken."),
                FaultSweep)
            .Add(
                LogLaws.Must("WL19", "Cancelling a sync stops the waiting, not the sync, and blocks nobody else."),
                Cancelled);
    }

    private static SimWorld World(ulong seed, long? capacity = null) =>
        new(seed, new SimDiskOptions { CanMap = seed % 2 == 0, CapacityBytes = capacity }, seed % 3 == 0);

    private static void FailedSync(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        foreach (SimFaultEffect effect in (ReadOnlySpan<SimFaultEffect>)
            [SimFaultEffect.SyncFailed, SimFaultEffect.SyncFailedReverted])
        {
            for (int kept = 0; kept < 6; kept++)
            {
                using SimWorld world = World(Seeds.Derive(run.Seed, (ulong)kept));
                LogJournal journal = new();
                Session<IWriteAheadLog> session = new(subject, world);
                IWriteAheadLog log = session.Component;
                for (int i = 0; i < kept; i++)
                {
                    LogScript.Append(log, journal, 300);
                }

                session.Complete(log.SyncAsync(log.LastLsn));
                journal.Synced = journal.Last;
                world.Disk.Plant(SimOperationKind.Sync | SimOperationKind.SyncDirectory, "*", 1, effect);
                bool synced = false;
                for (int i = 0; i < 50 && !synced; i++)
                {
                    // A log may sync on its own account when it opens a segment; the first failure is the one that
                    // counts.
                    LogScript.Append(log, journal, 300);
                    StorageException failed = LawRun.Throws<StorageException>(
                        () => session.Complete(log.SyncAsync(log.LastLsn)), "a sync that the device failed");
                    LawRun.Require(
                        failed.Code == StorageErrorCode.SyncFailed, $"a failed sync is reported as {failed.Code}");
                    synced = true;
                }

                LawRun.Require(
                    log.DurableLsn.Value == journal.Synced, $"after a failed sync DurableLsn is {log.DurableLsn}");
                LawRun.Refuses(
                    StorageErrorCode.Faulted, () =>
                        session.Complete(log.SyncAsync(log.LastLsn)), "a sync after a failed one");
                LawRun.Refuses(StorageErrorCode.Faulted, () => log.Append([1, 2, 3]), "an append after a failed sync");
                Restart(subject, world, journal);
            }
        }
    }

    /// <summary>The next process reads the cache, vouches for some records, and then the power goes.</summary>
    private static void Restart(ComponentSubject<IWriteAheadLog> subject, SimWorld world, LogJournal journal)
    {
        using SimWorld killed = world.AfterProcessDeath();
        ulong vouched;
        Session<IWriteAheadLog> reopened = new(subject, killed);
        LogScript.Check(reopened.Component, journal);
        vouched = reopened.Component.DurableLsn.Value;
        foreach (CrashModel model in (ReadOnlySpan<CrashModel>)[CrashModel.SyncedOnly, CrashModel.KeepAll])
        {
            using SimWorld cut = killed.AfterPowerCut(1, model);
            using Session<IWriteAheadLog> after = new(subject, cut);
            LogScript.Check(after.Component, journal);
            LawRun.Require(
                after.Component.LastLsn.Value >= vouched,
                $"the log vouched for {vouched} after a failed sync and a restart; a power cut leaves "
                    + $"{after.Component.LastLsn}");
        }
    }

    private static void Full(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        for (int nth = 1; nth <= run.Scale(25, 100, 400); nth++)
        {
            foreach (SimFaultEffect effect in (ReadOnlySpan<SimFaultEffect>)
                [SimFaultEffect.NoSpace, SimFaultEffect.ShortNoSpace])
            {
                using SimWorld world = World(Seeds.Derive(run.Seed, (ulong)nth));
                LogJournal journal = new();
                using (Session<IWriteAheadLog> session = new(subject, world))
                {
                    SimFault fault = world.Disk.Plant(SimOperationKind.Write, "*", nth, effect);
                    AppendThroughNoSpace(session, journal);
                    if (fault.Fired == 0)
                    {
                        // Beyond the last write: from here on there is nothing new, and closing may write again.
                        world.Disk.ClearFaults();
                        return;
                    }

                    LogScript.Append(session.Component, journal, 40);
                    session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
                    journal.Synced = journal.Last;
                    world.Disk.CutPower();
                }

                using SimWorld cut = world.AfterPowerCut(run.Seed, CrashModel.SyncedOnly);
                using Session<IWriteAheadLog> after = new(subject, cut);
                LogScript.Check(after.Component, journal);
            }
        }
    }

    private static void AppendThroughNoSpace(Session<IWriteAheadLog> session, LogJournal journal)
    {
        for (int i = 0; i < 30; i++)
        {
            int size = 20 + 311 * i % 1500;
            try
            {
                LogScript.Append(session.Component, journal, size);
                if (i % 4 == 0)
                {
                    session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
                    journal.Synced = journal.Last;
                }
            }
            catch (StorageException full)
            {
                LawRun.Require(full.Code == StorageErrorCode.NoSpace, $"a full device is reported as {full.Code}");
                LawRun.Require(
                    session.Component.LastLsn.Value == journal.Last, "LastLsn counts a record that did not fit");
                LawRun.Require(
                    (ulong)LogScript.Replay(session.Component, session.Component.FirstLsn).Count == journal.Last,
                    "after an append that did not fit the earlier records do not replay");
            }
        }
    }

    private static void FaultSweep(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        SimOperationKind[] kinds =
        [
            SimOperationKind.Write, SimOperationKind.Sync, SimOperationKind.SyncDirectory, SimOperationKind.Create,
            SimOperationKind.SetLength, SimOperationKind.Rename, SimOperationKind.Delete, SimOperationKind.Open,
        ];
        SimFaultEffect[] effects = [SimFaultEffect.Io, SimFaultEffect.NoSpace, SimFaultEffect.ShortWrite];
        List<LogOp> ops = LogOp.Mixed(Seeds.Generator(run.Seed), 40, 1500);
        ops.RemoveAll(op => op.Kind == LogOpKind.Reopen);
        foreach (SimOperationKind kind in kinds)
        {
            foreach (SimFaultEffect effect in effects)
            {
                bool sticky = effect == SimFaultEffect.Io;
                for (int nth = 1; nth < run.Scale(40, 400, 4000); nth++)
                {
                    if (!Faulty(subject, run, ops, kind, effect, nth, sticky))
                    {
                        break;
                    }
                }
            }
        }
    }

    private static bool Faulty(
        ComponentSubject<IWriteAheadLog> subject, LawRun run, List<LogOp> ops, SimOperationKind kind,
        SimFaultEffect effect, int nth, bool sticky)
    {
        using SimWorld world = World(run.Seed);
        LogJournal journal = new();
        SimFault fault = world.Disk.Plant(kind, "*", nth, effect, sticky);
        string what = $"{kind} number {nth} failing with {effect}";
        try
        {
            new LogScript(subject, ops).Run(world, journal);
        }
        catch (StorageException)
        {
            // A failure that the caller was told of: what was promised before it still holds.
        }
        catch (Exception thrown)
        {
            throw new LawBrokenException($"{what}: {thrown.GetType().Name}: {thrown.Message}", thrown);
        }

        foreach (CrashModel model in (ReadOnlySpan<CrashModel>)
            [CrashModel.SyncedOnly, CrashModel.KeepAll, CrashModel.RandomSubset])
        {
            using SimWorld cut = world.AfterPowerCut(run.Seed, model);
            try
            {
                using Session<IWriteAheadLog> after = new(subject, cut);
                LogScript.Check(after.Component, journal);
            }
            catch (Exception broken)
            {
                throw new LawBrokenException($"{what}, then a power cut ({model}): {broken.Message}", broken);
            }
        }

        return fault.Fired > 0;
    }

    private static void Cancelled(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        IWriteAheadLog log = session.Component;
        LogJournal journal = new();
        LogScript.Append(log, journal, 100);
        using CancellationTokenSource source = new();
        ValueTask waiting = log.SyncAsync(log.LastLsn, source.Token);
        source.Cancel();
        try
        {
            session.Complete(waiting);
        }
        catch (OperationCanceledException)
        {
            // The waiting was stopped; the sync may or may not be done.
        }

        LawRun.Throws<OperationCanceledException>(
            () =>
                session.Complete(log.SyncAsync(log.LastLsn, source.Token)), "a token that was cancelled before the "
                    + "call");
        LogScript.Append(log, journal, 100);
        session.Complete(log.SyncAsync(log.LastLsn));
        LawRun.Require(log.DurableLsn.Value == 2, "a cancelled sync blocks later ones");
    }
}
