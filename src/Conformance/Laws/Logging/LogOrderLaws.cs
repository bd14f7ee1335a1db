using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>What a log does when nothing fails.</summary>
internal static class LogOrderLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IWriteAheadLog>> suite)
    {
        suite
            .Add(
                LogLaws.Must("WL1", "LSNs are dense and strictly increasing; FirstLsn, DurableLsn and LastLsn keep "
                    + "their order, seen from every thread."),
                Order)
            .Add(
                LogLaws.Must("WL2", "A replay from FirstLsn gives exactly the payloads that were appended, in order, "
                    + "across truncation and reopening."),
                Model)
            .Add(
                LogLaws.Must("WL15", "Payloads of every size from 1 byte to the limit come back; 0 and limit + 1 are "
                    + "refused and change nothing."),
                Sizes)
            .Add(
                LogLaws.Must("WL16", "Records that cross blocks and segments come back whole, and padding is never "
                    + "taken for a record."),
                Crossing)
            .Add(
                LogLaws.Must("WL17", "One appender, several syncers and several readers at once: no gap, no overlap, "
                    + "no sync that returns early."),
                Threads)
            .Add(LogLaws.Must("WL18", "A replay beside appends never sees a torn or reordered record."), Tailing)
            .Add(
                LogLaws.Must("WL21", "LastLsn survives the truncation of every record and any restart; no LSN is "
                    + "given twice."),
                NeverBack)
            .Add(
                LogLaws.Must("WL22", "Restart(next) discards all records, continues at next, and is durable when it "
                    + "returns."),
                Restart)
            .Add(
                LogLaws.Must("WL23", "A sink that returns false stops the replay; what it throws passes unchanged and "
                    + "leaves the log usable."),
                Sinks)
            .Add(
                LogLaws.Must("WL24", "An idle log writes nothing: neither an empty sync nor waiting changes the disk."),
                Idle);
    }

    private static SimWorld World(ulong seed) =>
        new(seed, new SimDiskOptions { CanMap = seed % 2 == 0 }, seed % 3 == 0);

    private static void Order(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        IWriteAheadLog log = session.Component;
        LawRun.Require(log.LastLsn == Lsn.None && log.FirstLsn == new Lsn(1), "a new log does not begin before LSN 1");
        LogJournal journal = new();
        bool done = false;
        string? broken = null;
        Thread watcher = new(() =>
        {
            Lsn seen = Lsn.None;
            try
            {
                while (!Volatile.Read(ref done))
                {
                    // In this order a moving log can only make the comparison easier.
                    Lsn first = log.FirstLsn;
                    Lsn durable = log.DurableLsn;
                    Lsn last = log.LastLsn;
                    if (durable > last || durable < seen || first > last.Next)
                    {
                        broken = $"FirstLsn {first}, DurableLsn {durable} (before: {seen}), LastLsn {last}";
                    }

                    seen = durable;
                }
            }
#pragma warning disable CA1031 // Carried over to the law's own thread.
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                broken = thrown.ToString();
            }
        });
        watcher.Start();
        try
        {
            Random random = Seeds.Generator(run.Seed);
            for (int i = 0; i < run.Scale(300, 3000, 30_000); i++)
            {
                LogScript.Append(log, journal, random.Next(1, 100));
                if (random.Next(5) == 0)
                {
                    session.Complete(log.SyncAsync(log.LastLsn));
                }
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            watcher.Join();
        }

        LawRun.Require(broken is null, $"another thread saw {broken}");
    }

    private static void Model(LawRun run, ComponentSubject<IWriteAheadLog> subject) =>
        run.Explore(
            run.Scale(20, 200, 2000),
            random => LogOp.Mixed(random, 120, 3000),
            (seed, ops) =>
            {
                using SimWorld world = World(seed);
                LogScript script = new(subject, ops);
                LogJournal journal = new();
                script.Run(world, journal);
                using Session<IWriteAheadLog> session = new(subject, world);
                LawRun.Require(
                    session.Component.Recovery is { WasClean: true, TornBytes: 0 },
                    "a log that was closed in order reports an unclean stop");
                LawRun.Require(session.Component.LastLsn.Value == journal.Last, "closing in order lost records");
                LogScript.Check(session.Component, journal);
            });

    private static void Sizes(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        LogJournal journal = new();
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            IWriteAheadLog log = session.Component;
            int max = log.MaxPayloadBytes;
            List<int> sizes = [1, 2, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, max - 1, max];
            sizes.RemoveAll(size => size > max);
            foreach (int size in sizes)
            {
                LogScript.Append(log, journal, size);
            }

            long operations = world.Disk.Operations;
            LawRun.Throws<ArgumentOutOfRangeException>(() => log.Append([]), "an empty payload");
            byte[] tooLong = new byte[max + 1];
            LawRun.Throws<ArgumentOutOfRangeException>(() => log.Append(tooLong), $"a payload of {max + 1} bytes");
            LawRun.Require(
                log.LastLsn.Value == journal.Last
                    && operations == world.Disk.Operations, "a refused append left a trace");
        }

        using Session<IWriteAheadLog> again = new(subject, world);
        LogScript.Check(again.Component, journal);
    }

    private static void Crossing(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        LogJournal journal = new();
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            Random random = Seeds.Generator(run.Seed);
            int max = Math.Min(session.Component.MaxPayloadBytes, 20_000);
            for (int i = 0; i < run.Scale(300, 1000, 5000); i++)
            {
                LogScript.Append(session.Component, journal, i % 3 == 0 ? random.Next(1, max) : random.Next(1, 600));
            }
        }

        using Session<IWriteAheadLog> again = new(subject, world);
        LogScript.Check(again.Component, journal);
    }

    private static void Threads(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        IWriteAheadLog log = session.Component;
        LogJournal journal = new();
        List<Exception> broken = [];
        bool done = false;
        int syncs = 0;
        List<Thread> threads = [];
        for (int i = 0; i < 3; i++)
        {
            bool isSyncer = i < 2;
            threads.Add(new Thread(() =>
            {
                try
                {
                    do
                    {
                        if (isSyncer)
                        {
                            Lsn through = log.LastLsn;
                            bool hasWork = log.DurableLsn < through;
                            log.SyncAsync(through).AsTask().GetAwaiter().GetResult();
                            LawRun.Require(
                                log.DurableLsn >= through, $"a sync through {through} left {log.DurableLsn}");
                            if (hasWork)
                            {
                                Interlocked.Increment(ref syncs);
                            }
                        }
                        else
                        {
                            CheckTail(log);
                        }
                    }
                    while (!Volatile.Read(ref done));
                }
#pragma warning disable CA1031 // Carried over to the law's own thread.
                catch (Exception thrown)
#pragma warning restore CA1031
                {
                    lock (broken)
                    {
                        broken.Add(thrown);
                    }
                }
            }));
        }

        threads.ForEach(thread => thread.Start());
        try
        {
            // Until the syncers had their turn too, however the machine shares its time.
            int least = run.Scale(400, 4000, 40_000);
            for (int i = 0; i < least || (Volatile.Read(ref syncs) < 40 && i < 50 * least && IsWhole()); i++)
            {
                if (i >= least)
                {
                    Thread.Yield();
                }

                LogScript.Append(log, journal, 1 + i % 300);
                session.World.Background.RunAll();
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            threads.ForEach(thread => thread.Join());
        }

        bool IsWhole()
        {
            lock (broken)
            {
                return broken.Count == 0;
            }
        }

        LawRun.Require(broken.Count == 0, $"a thread found: {broken.FirstOrDefault()?.Message}");
        session.Complete(log.SyncAsync(log.LastLsn));
        LawRun.Require(LogScript.Replay(log, log.FirstLsn).Count == (int)journal.Last, "records are missing");
    }

    private static void Tailing(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        Random random = Seeds.Generator(run.Seed);
        for (int i = 0; i < run.Scale(60, 300, 3000); i++)
        {
            LogScript.Append(session.Component, journal, random.Next(1, 700));
            List<LogRecord> all = LogScript.Replay(session.Component, session.Component.FirstLsn);
            LawRun.Require((ulong)all.Count == journal.Last, $"after {journal.Last} appends a replay gave {all.Count}");
            LawRun.Require(
                all[^1].Payload.AsSpan().SequenceEqual(
                    journal.PayloadOf(journal.Last)), "the newest record reads wrong");
            LawRun.Require(
                LogScript.Replay(session.Component, session.Component.LastLsn.Next).Count == 0,
                "a replay behind the last record gave something");
        }

        CheckTail(session.Component);
    }

    private static void CheckTail(IWriteAheadLog log)
    {
        ulong expected = log.FirstLsn.Value;
        foreach (LogRecord record in LogScript.Replay(log, new Lsn(expected)))
        {
            LawRun.Require(
                record.Lsn == expected
                    && record.Payload.AsSpan().SequenceEqual(LogJournal.Payload(expected, record.Payload.Length)),
                $"a replay beside appends gave a wrong record {record.Lsn}, expected {expected}");
            expected++;
        }
    }

    private static void NeverBack(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        SimWorld world = World(run.Seed);
        LogJournal journal = new();
        for (int round = 0; round < run.Scale(8, 30, 100); round++)
        {
            using (Session<IWriteAheadLog> session = new(subject, world))
            {
                IWriteAheadLog log = session.Component;
                LawRun.Require(
                    log.LastLsn.Value == journal.Last, $"LastLsn is {log.LastLsn} after a restart, expected "
                        + $"{journal.Last}");
                for (int i = 0; i < round; i++)
                {
                    LogScript.Append(log, journal, 100);
                }

                session.Complete(log.SyncAsync(log.LastLsn));
                log.Truncate(log.DurableLsn.Next);
                session.World.Background.RunAll();
                LawRun.Require(log.LastLsn.Value == journal.Last, "a truncation moved LastLsn");
                LawRun.Require(log.FirstLsn <= log.LastLsn.Next, "FirstLsn is more than one past LastLsn");
                if (round % 2 == 0)
                {
                    world.Disk.CutPower();
                }
            }

            SimWorld next = round % 2 == 0
                ? world.AfterPowerCut((ulong)round, CrashModel.SyncedOnly)
                : world.AfterProcessDeath();
            world.Dispose();
            world = next;
        }

        world.Dispose();
    }

    private static void Restart(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        LogJournal journal = new();
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            IWriteAheadLog log = session.Component;
            for (int i = 0; i < 20; i++)
            {
                LogScript.Append(log, journal, 50);
            }

            LawRun.Throws<ArgumentException>(() => log.Restart(new Lsn(20)), "a restart at an LSN that was given");
            log.Restart(new Lsn(100));
            LawRun.Require(
                log.LastLsn.Value == 99 && log.FirstLsn.Value == 100 && log.DurableLsn.Value == 99,
                $"after a restart at 100: first {log.FirstLsn}, durable {log.DurableLsn}, last {log.LastLsn}");
            LawRun.Require(LogScript.Replay(log, new Lsn(100)).Count == 0, "a restart left records");
            LawRun.Refuses(
                StorageErrorCode.Truncated, () => LogScript.Replay(log, new Lsn(5)), "a replay of discarded records");
            world.Disk.CutPower();
        }

        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            using SimWorld next = world.AfterPowerCut(run.Seed, model);
            using Session<IWriteAheadLog> again = new(subject, next);
            LawRun.Require(again.Component.LastLsn.Value == 99, $"a restart was forgotten by a power cut ({model})");
            LawRun.Require(again.Component.Append([1]).Value == 100, "the LSN after a restart at 100 is not 100");
        }
    }

    private static void Sinks(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        for (int i = 0; i < 10; i++)
        {
            LogScript.Append(session.Component, journal, 10);
        }

        LawRun.Require(
            LogScript.Replay(session.Component, new Lsn(3), stopAfter: 4).Count == 4, "a stopped replay went on");
        ThrowingLogSink sink = default;
        InvalidTimeZoneException thrown = LawRun.Throws<InvalidTimeZoneException>(
            () => session.Component.Replay(new Lsn(1), ref sink), "a sink that throws");
        LawRun.Require(ReferenceEquals(thrown, ThrowingLogSink.Thrown), "the sink's exception was replaced");
        LogScript.Append(session.Component, journal, 10);
        LawRun.Require(LogScript.Replay(session.Component, new Lsn(1)).Count == 11, "a throwing sink broke the log");
    }

    private static void Idle(LawRun run, ComponentSubject<IWriteAheadLog> subject)
    {
        using SimWorld world = World(run.Seed);
        using Session<IWriteAheadLog> session = new(subject, world);
        LogJournal journal = new();
        LogScript.Append(session.Component, journal, 10);
        session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
        world.Background.RunAll();
        long operations = world.Disk.Operations;
        for (int i = 0; i < 5; i++)
        {
            session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
            world.Clock.Advance(TimeSpan.FromMinutes(10));
            world.Background.RunAll();
        }

        LawRun.Require(
            world.Disk.Operations == operations, $"an idle log made {world.Disk.Operations - operations} mutations");
    }

    private struct ThrowingLogSink : ILogSink
    {
        public static InvalidTimeZoneException Thrown { get; } = new("the sink's own");

        public readonly bool Accept(Lsn lsn, ReadOnlySpan<byte> payload) => throw Thrown;
    }
}
