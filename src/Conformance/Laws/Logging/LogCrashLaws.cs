using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>What a log keeps through power cuts.</summary>
internal static class LogCrashLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IWriteAheadLog>> suite)
    {
        suite
            .Add(
                LogLaws.Must("WL3", "After a crash at any write boundary the log opens and is a prefix of what was "
                    + "appended, with all synced records, and works on."),
                Everywhere)
            .Add(
                LogLaws.Must("WL4", "No record is invented: leftovers of truncated, recycled or failed writes never "
                    + "replay."),
                NothingInvented)
            .Add(
                LogLaws.Must("WL5", "A record is there wholly or not at all, however many sectors it has."), WholeOrNot)
            .Add(
                LogLaws.Must("WL6", "SyncAsync completes only when everything up to its LSN survives a power cut."),
                SyncedIsThere)
            .Add(
                LogLaws.Must("WL9", "A torn tail is cut at the last whole record and reported, and is not an error."),
                TornTail)
            .Add(
                LogLaws.Must("WL12", "A crash during recovery, at any boundary and repeatedly, changes nothing about "
                    + "its result."),
                Recovery)
            .Add(LogLaws.Must("WL13", "A record counts as durable only when the name of its file is."), Names)
            .Add(
                LogLaws.Must("WL14", "Truncation keeps every record from keepFrom on, through a crash at any "
                    + "boundary; a dropped position is Truncated."),
                Truncation)
            .Add(
                LogLaws.Must("WL25", "A crash at any boundary of Restart leaves the old log or the new one."),
                Restarting);
    }

    private static SimWorld World(ulong seed) =>
        new(seed, new SimDiskOptions { CanMap = seed % 2 == 0 }, seed % 3 == 0);

    private static void Sweep(
        LawRun run, ComponentSubject<IWriteAheadLog> subject, int scripts, Func<Random, List<LogOp>> generate,
        int restarts = 0) =>
        run.Explore(scripts, generate, (seed, ops) =>
        {
            LogScript script = new(subject, ops);
            CrashSweep.Run<LogJournal>(
                () => World(seed), script.Run, script.CheckAndContinue, run.Scale(60, 400, 10_000), restarts);
        });

    private static void Everywhere(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        Sweep(run, subject, run.Scale(3, 20, 500), random => LogOp.Mixed(random, 30, 3000));

    private static void NothingInvented(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        Sweep(run, subject, run.Scale(3, 20, 300), random =>
        {
            // Equal sizes, so that what is left of an old record lies exactly where a new one ends.
            List<LogOp> ops = [];
            for (int i = 0; i < 12; i++)
            {
                ops.AddRange(Enumerable.Repeat(new LogOp(LogOpKind.Append, 200), random.Next(1, 12)));
                ops.Add(new LogOp(LogOpKind.Sync, 0));
                ops.Add(new LogOp(LogOpKind.Truncate, random.Next(2) == 0 ? 100 : random.Next(100)));
                ops.Add(new LogOp(random.Next(3) == 0 ? LogOpKind.Reopen : LogOpKind.Background, 0));
            }

            ops.AddRange(Enumerable.Repeat(new LogOp(LogOpKind.Append, 200), 3));
            return ops;
        }, restarts: 5);

    private static void WholeOrNot(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        Sweep(run, subject, run.Scale(3, 15, 200), random =>
        {
            List<LogOp> ops = [];
            for (int i = 0; i < 5; i++)
            {
                ops.Add(new LogOp(LogOpKind.Append, random.Next(3000, 9000)));
                ops.Add(new LogOp(random.Next(2) == 0 ? LogOpKind.Sync : LogOpKind.Background, 0));
            }

            return ops;
        });

    private static void SyncedIsThere(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        Random random = Seeds.Generator(run.Seed);
        for (int i = 0; i < run.Scale(80, 400, 4000); i++)
        {
            LogScript.Append(session.Component, journal, random.Next(1, 900));
            if (random.Next(3) > 0)
            {
                continue;
            }

            // Two at once: neither may return before the device has answered.
            Lsn through = session.Component.LastLsn;
            ValueTask first = session.Component.SyncAsync(through);
            ValueTask second = session.Component.SyncAsync(through);
            session.Complete(second);
            journal.Synced = through.Value;
            using (SimWorld cut = world.AfterPowerCut(run.Seed, CrashModel.SyncedOnly))
            {
                LawRun.Then(
                    $"{through} records were appended, two syncs through {through} begun, the second completed, the "
                        + "power was cut, and the log opened again",
                    () =>
                    {
                        using Session<IWriteAheadLog> after = new(subject, cut);
                        LogScript.Check(after.Component, journal);
                    });
            }

            session.Complete(first);
        }
    }

    private static void TornTail(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        int torn = 0;
        for (int i = 0; i < run.Scale(60, 300, 3000); i++)
        {
            using SimWorld world = World(Seeds.Derive(run.Seed, (ulong)i));
            Session<IWriteAheadLog> session = new(subject, world);
            LogJournal journal = new();
            LogScript.Append(session.Component, journal, 100 + i);
            session.Complete(session.Component.SyncAsync(new Lsn(1)));
            journal.Synced = 1;
            LogScript.Append(session.Component, journal, 5000);
            using SimWorld cut = world.AfterPowerCut(
                (ulong)i, i % 4 == 0 ? CrashModel.GarbageTail : CrashModel.TornLast);
            using Session<IWriteAheadLog> after = new(subject, cut);
            LawRun.Then(
                "record 1 was appended and synced, record 2 (5000 bytes) appended and not synced, the power cut in it, "
                    + "and the log opened again",
                () => LogScript.Check(after.Component, journal));
            LogRecoveryReport report = after.Component.Recovery;
            LawRun.Require(!report.WasClean, "a power cut is reported as a clean stop");
            torn += report.TornBytes > 0 ? 1 : 0;
            LawRun.Require(
                report.TornBytes == 0 || after.Component.LastLsn.Value == 1, "a torn tail is reported and nothing was "
                    + "cut");
        }

        LawRun.Require(torn > 0, "of many torn tails none was reported in Recovery.TornBytes");
    }

    private static void Recovery(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        run.Explore(run.Scale(5, 30, 300), random => LogOp.Mixed(random, 25, 2000), (seed, ops) =>
        {
            LogScript script = new(subject, ops);
            using SimWorld world = World(seed);
            LogJournal journal = new();
            world.Disk.CutPowerAt(10 + (long)(Seeds.Derive(seed, 9) % 60));
            try
            {
                script.Run(world, journal);
            }
#pragma warning disable CA1031 // The end of the world, wrapped or not.
            catch (Exception) when (world.Disk.IsOff)
#pragma warning restore CA1031
            {
            }

            using SimWorld undisturbed = world.AfterPowerCut(seed, CrashModel.TornLast);
            ulong expected;
            long boundaries = 0;
            using (Session<IWriteAheadLog> session = new(subject, undisturbed))
            {
                expected = session.Component.LastLsn.Value;
                boundaries = undisturbed.Disk.Operations;
            }

            for (long boundary = 1; boundary <= boundaries; boundary++)
            {
                SimWorld again = world.AfterPowerCut(seed, CrashModel.TornLast);
                for (int depth = 0; depth < 3; depth++)
                {
                    again.Disk.CutPowerAt(boundary);
                    try
                    {
                        using Session<IWriteAheadLog> session = new(subject, again);
                    }
#pragma warning disable CA1031 // The end of the world, wrapped or not.
                    catch (Exception) when (again.Disk.IsOff)
#pragma warning restore CA1031
                    {
                    }

                    CrashModel model = (CrashModel)(1 + (boundary + depth) % 11);
                    SimWorld next = again.AfterPowerCut(seed + (ulong)depth, model);
                    again.Dispose();
                    again = next;
                }

                using (Session<IWriteAheadLog> session = new(subject, again))
                {
                    LogScript.Check(session.Component, journal);
                    LawRun.Require(
                        session.Component.LastLsn.Value == expected,
                        $"recovery that was cut at boundary {boundary} ends at {session.Component.LastLsn}, "
                            + $"undisturbed at {expected}");
                }

                again.Dispose();
            }
        });

    private static void Names(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        for (int i = 0; i < run.Scale(150, 600, 3000); i++)
        {
            LogScript.Append(session.Component, journal, 700);
            session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
            journal.Synced = journal.Last;
            if (i % 7 == 6)
            {
                session.Component.Truncate(new Lsn(journal.Last - 3));
                journal.KeepFrom = Math.Max(journal.KeepFrom, journal.Last - 3);
                world.Background.RunAll();
            }

            using SimWorld cut = world.AfterPowerCut(run.Seed, CrashModel.NamesLost);
            using Session<IWriteAheadLog> after = new(subject, cut);
            LogScript.Check(after.Component, journal);
        }
    }

    private static void Truncation(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        Sweep(run, subject, run.Scale(2, 10, 100), random =>
        {
            List<LogOp> ops = [];
            for (int i = 0; i < 4; i++)
            {
                ops.AddRange(Enumerable.Repeat(new LogOp(LogOpKind.Append, random.Next(1, 900)), 6));
                ops.Add(new LogOp(LogOpKind.Sync, 0));
                ops.Add(new LogOp(LogOpKind.Truncate, random.Next(30, 101)));
                ops.Add(new LogOp(LogOpKind.Background, 0));
            }

            return ops;
        });

        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        for (int i = 0; i < 200; i++)
        {
            LogScript.Append(session.Component, journal, 600);
        }

        LawRun.Throws<ArgumentException>(
            () =>
                session.Component.Truncate(
                    session.Component.DurableLsn.Next.Next), "truncation of what is not durable");
        session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
        session.Component.Truncate(new Lsn(150));
        world.Background.RunAll();
        Lsn first = session.Component.FirstLsn;
        LawRun.Require(first.Value <= 150, $"truncation up to 150 left {first} as the first");
        LawRun.Require(
            LogScript.Replay(session.Component, first).Count == (int)(201 - first.Value),
            "truncation dropped too much");
        if (first.Value > 1)
        {
            LawRun.Refuses(
                StorageErrorCode.Truncated, () => LogScript.Replay(session.Component, new Lsn(first.Value - 1)),
                "a replay from a dropped record");
        }
    }

    private static void Restarting(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        Sweep(run, subject, run.Scale(2, 10, 100), random =>
        [
            .. Enumerable.Repeat(new LogOp(LogOpKind.Append, random.Next(1, 900)), 5),
            new LogOp(LogOpKind.Sync, 0),
            new LogOp(LogOpKind.Append, 100),
            new LogOp(LogOpKind.Restart, random.Next(1, 50)),
            new LogOp(LogOpKind.Append, 100),
            new LogOp(LogOpKind.Sync, 0),
        ]);
}
