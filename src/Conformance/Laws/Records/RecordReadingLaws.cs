using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>What a record store does when nothing fails.</summary>
internal static class RecordReadingLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        suite
            .Add(
                RecordLaws.Must("RS1", "What Apply put is read by location, in bulk and by scans as soon as it "
                    + "returns."),
                ReadYourWrites)
            .Add(
                RecordLaws.Must("RS2", "Reads, bulk reads, scans and counts equal a map of locations after any "
                    + "commits, checkpoints and restarts."),
                Oracle)
            .Add(
                RecordLaws.Must("RS3", "A scan gives each live record once, in the order of locations; backward is "
                    + "the reverse."),
                Order)
            .Add(
                RecordLaws.Must("RS4", "Plan changes nothing, gives strictly increasing locations above all that "
                    + "records were put at, and equal histories plan equal locations."),
                Planning)
            .Add(
                RecordLaws.Must("RS5", "A lease's bytes stay as they are until it ends: through other reads, writes, "
                    + "checkpoints and the record's deletion."),
                Leases)
            .Add(RecordLaws.Must("RS6", "A batch at or below AppliedLsn is ignored."), OldBatches)
            .Add(
                RecordLaws.Must("RS12", "Lengths of 0 or above the limit and too little room are refused by Plan, and "
                    + "nothing changed."),
                PlanLimits)
            .Add(RecordLaws.Must("RS13", "Records of every size from 1 byte to the limit come back."), Sizes)
            .Add(RecordLaws.Must("RS14", "Bytes are opaque: zeroes, 0xFF and invalid UTF-8 come back."), Opaque)
            .Add(
                RecordLaws.Must("RS15", "Readers beside the writer and checkpoints see no missing record and no torn "
                    + "byte."),
                Concurrent)
            .Add(
                RecordLaws.Must("RS17", "A bulk read equals single reads, in the order asked for, with duplicates."),
                Bulk)
            .Add(
                RecordLaws.Must("RS19", "A sink that returns false stops; what it throws passes unchanged, and the "
                    + "store stays usable."),
                Sinks)
            .Add(RecordLaws.Must("RS25", "A location that never was gives NotFound."), NotFound)
            .Add(
                RecordLaws.Must("RS11", "A deleted record is marked, leaves scans and live counts, stays readable by "
                    + "location, and never comes back to life."),
                Deletion);
    }

    private static List<byte[]> Bodies(Random random, int count, int max)
    {
        List<byte[]> bodies = [];
        for (int i = 0; i < count; i++)
        {
            byte[] body = new byte[random.Next(1, max)];
            random.NextBytes(body);
            bodies.Add(body);
        }

        return bodies;
    }

    private static void ReadYourWrites(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        Random random = Seeds.Generator(run.Seed);
        for (ulong lsn = 1; lsn <= (ulong)run.Scale(60, 600, 6000); lsn++)
        {
            RecordCommit commit = RecordCommit.Of(session.Component, Bodies(random, 4, 500));
            commit.ApplyTo(session.Component, new Lsn(lsn));
            foreach ((RecordLocation location, byte[] body) in commit.Puts)
            {
                KnownRecord known = new(body, lsn, IsDeleted: false);
                LawRun.Require(
                    RecordReading.Read(session.Component, location.Value).Equals(known),
                    $"a read after commit {lsn} is wrong");
                LawRun.Require(
                    RecordReading.ReadMany(session.Component, [location])[0].Equals(known), "a bulk read after "
                        + $"commit {lsn} is wrong");
            }

            LawRun.Require(
                RecordReading.Scan(
                    session.Component, ScanDirection.Backward, 1)[0].Location == commit.Puts[^1].Location.Value,
                $"a scan after commit {lsn} does not begin with the newest record");
        }
    }

    private static void Oracle(LawRun run, ComponentSubject<IRecordStore> subject) =>
        run.Explore(run.Scale(10, 100, 1000), random => RecordOp.Mixed(random, 60, 12), (seed, ops) =>
        {
            using SimWorld world = RecordLaws.World(seed);
            RecordJournal journal = new();
            RecordScript script = new(subject, ops);
            script.Run(world, journal);
            using SimWorld next = world.AfterProcessDeath();
            script.Check(next, journal);
        });

    private static void Order(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordJournal journal = new();
        for (int i = 0; i < run.Scale(40, 200, 2000); i++)
        {
            RecordCommit commit = RecordCommit.Plan(session.Component, i, 20, journal.States[^1]);
            commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            if (i % 9 == 0)
            {
                session.Complete(session.Component.CheckpointAsync());
            }
        }

        List<ReadRecord> forward = RecordReading.Scan(session.Component, ScanDirection.Forward);
        List<ReadRecord> backward = RecordReading.Scan(session.Component, ScanDirection.Backward);
        backward.Reverse();
        LawRun.Require(
            forward.Select(r => r.Location).SequenceEqual(
                backward.Select(r => r.Location)), "backward is not the reverse");
        LawRun.Require(
            forward.Select(r => r.Location).SequenceEqual(
                journal.States[^1].Where(pair => !pair.Value.IsDeleted).Select(pair => pair.Key)),
            "a scan does not give each live record once in order");
    }

    private static void Planning(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using SimWorld twin = RecordLaws.World(run.Seed + 6);
        using Session<IRecordStore> session = new(subject, world);
        Session<IRecordStore> other = new(subject, twin);
        Random random = Seeds.Generator(run.Seed);
        RecordLocation last = RecordLocation.None;
        for (ulong lsn = 1; lsn <= (ulong)run.Scale(60, 600, 6000); lsn++)
        {
            List<byte[]> bodies = Bodies(random, random.Next(1, 8), 900);
            RecordLocation shortest = RecordCommit.Of(session.Component, [[0]]).Puts[0].Location;
            RecordCommit first = RecordCommit.Of(session.Component, bodies);
            LawRun.Require(
                shortest > last && first.Puts[0].Location >= shortest,
                $"commit {lsn} is planned at {first.Puts[0].Location}, one of a byte at {shortest}, the last one was "
                + $"put at {last}: what comes later lies behind, and nothing before where the shortest would go");
            last = first.Puts[^1].Location;
            RecordCommit second = RecordCommit.Of(session.Component, bodies);
            RecordCommit twinned = RecordCommit.Of(other.Component, bodies);
            LawRun.Require(
                first.Puts.Select(p => p.Location).SequenceEqual(second.Puts.Select(p => p.Location)),
                "planning twice gives different locations: Plan changed something");
            LawRun.Require(
                first.Puts.Select(p => p.Location).SequenceEqual(twinned.Puts.Select(p => p.Location)),
                $"at commit {lsn} two stores of equal history plan different locations");
            first.ApplyTo(session.Component, new Lsn(lsn));
            first.ApplyTo(other.Component, new Lsn(lsn));
            if (lsn % 10 == 0)
            {
                // One of the two is checkpointed and opened again: that must not matter.
                other.Complete(other.Component.CheckpointAsync());
                other.Dispose();
                other = new Session<IRecordStore>(subject, twin);
            }
        }

        other.Dispose();
    }

    private static void Leases(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        Random random = Seeds.Generator(run.Seed);
        RecordCommit commit = RecordCommit.Of(store, Bodies(random, 50, 700));
        commit.ApplyTo(store, new Lsn(1));
        ulong lsn = 1;
        for (int i = 0; i < commit.Puts.Count; i++)
        {
            (RecordLocation location, byte[] body) = commit.Puts[i];
            (RecordLocation nextLocation, byte[] nextBody) = commit.Puts[(i + 1) % commit.Puts.Count];
            using RecordLease lease = store.Read(location);
            using (RecordLease next = store.Read(nextLocation))
            {
                LawRun.Require(next.Bytes.SequenceEqual(nextBody), "a second lease reads wrong");
                LawRun.Require(lease.Bytes.SequenceEqual(body), "a second read overwrote the bytes of an open lease");
            }

            LawRun.Require(lease.Bytes.SequenceEqual(body), "the end of one lease changed the bytes of another");
            RecordCommit more = RecordCommit.Of(store, Bodies(random, 5, 700));
            more.Deletes.Add(location);
            more.ApplyTo(store, new Lsn(++lsn));
            session.Complete(store.CheckpointAsync());
            world.Background.RunAll();
            RecordReading.Scan(store, ScanDirection.Forward);
            LawRun.Require(
                lease.Bytes.SequenceEqual(body), "writes and a checkpoint changed the bytes of an open lease");
        }
    }

    private static void OldBatches(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordJournal journal = new();
        for (int i = 0; i < 12; i++)
        {
            RecordCommit commit = RecordCommit.Plan(session.Component, i, 6, journal.States[^1]);
            commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            if (i == 6)
            {
                session.Complete(session.Component.CheckpointAsync());
            }
        }

        for (int from = 0; from < 12; from++)
        {
            for (int i = from; i < 12; i++)
            {
                journal.Commits[i].ApplyTo(session.Component, new Lsn((ulong)i + 1));
            }
        }

        LawRun.Require(
            session.Component.AppliedLsn.Value == 12,
            $"old batches moved AppliedLsn to {session.Component.AppliedLsn}");
        RecordReading.SameWhole(journal.States[^1], session.Component, "after every suffix of old batches");
    }

    private static void PlanLimits(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        RecordLocation[] room = new RecordLocation[4];
        LawRun.Throws<ArgumentOutOfRangeException>(() => store.Plan([5, 0], room), "a record of 0 bytes");
        LawRun.Throws<ArgumentOutOfRangeException>(() => store.Plan([-1], room), "a record of -1 bytes");
        LawRun.Throws<ArgumentOutOfRangeException>(
            () => store.Plan([store.MaxRecordBytes + 1], room), $"a record of {store.MaxRecordBytes + 1} bytes");
        LawRun.Throws<ArgumentException>(() => store.Plan([1, 1, 1, 1, 1], room), "5 lengths and room for 4 locations");
        store.Plan([], room);
    }

    private static void Sizes(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        RecordJournal journal = new();
        using (Session<IRecordStore> session = new(subject, world))
        {
            int max = session.Component.MaxRecordBytes;
            List<int> sizes = [1, 2, 7, 8, 9, 511, 512, 513, 4095, 4096, 4097, 65535, 65536, 65537, max - 1, max];
            sizes.RemoveAll(size => size > max);
            foreach (int size in sizes)
            {
                byte[] body = new byte[size];
                Seeds.Generator((ulong)size).NextBytes(body);
                RecordCommit commit = RecordCommit.Of(session.Component, [body]);
                commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            }

            RecordReading.SameWhole(journal.States[^1], session.Component, "records of all sizes");
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }

        using Session<IRecordStore> again = new(subject, world);
        RecordReading.SameWhole(journal.States[^1], again.Component, "records of all sizes after a restart");
    }

    private static void Opaque(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordJournal journal = new();
        RecordCommit commit = RecordCommit.Of(
            session.Component, [
                new byte[100], [.. Enumerable.Repeat((byte)0xFF, 100)], [0xC3, 0x28, 0, 0xED, 0xA0, 0x80], [0]
            ]);
        commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
        RecordReading.SameWhole(journal.States[^1], session.Component, "hostile bytes");
        session.Complete(session.Component.CheckpointAsync());
        RecordReading.SameWhole(journal.States[^1], session.Component, "hostile bytes after a checkpoint");
    }

    private static void Concurrent(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        List<(RecordLocation Location, byte[] Body)> known = [];
        bool done = false;
        int reads = 0;
        string? broken = null;
        List<Thread> readers = [];
        for (int t = 0; t < 2; t++)
        {
            int number = t;
            readers.Add(new Thread(() =>
            {
                Random random = new(number);
                try
                {
                    while (!Volatile.Read(ref done))
                    {
                        (RecordLocation Location, byte[] Body)[] some;
                        lock (known)
                        {
                            some = [.. known.OrderBy(_ => random.Next()).Take(20)];
                        }

                        foreach ((RecordLocation location, byte[] body) in some)
                        {
                            Interlocked.Increment(ref reads);
                            if (!RecordReading.Read(store, location.Value).Body.AsSpan().SequenceEqual(body))
                            {
                                broken = $"a reader beside the writer got wrong bytes at {location}";
                            }
                        }

                        if (RecordReading.Scan(store, ScanDirection.Forward).Count < some.Length)
                        {
                            broken = "a scan beside the writer misses records";
                        }
                    }
                }
#pragma warning disable CA1031 // Carried over to the law's own thread.
                catch (Exception thrown)
#pragma warning restore CA1031
                {
                    broken = thrown.ToString();
                }
            }));
        }

        readers.ForEach(reader => reader.Start());
        try
        {
            Random random = Seeds.Generator(run.Seed);

            // Until the readers had their turn too, however the machine shares its time.
            ulong least = (ulong)run.Scale(150, 1500, 15_000);
            for (
                ulong lsn = 1; lsn <= least || (
                    Volatile.Read(ref reads) < 2000 && lsn < 20 * least && broken is null); lsn++)
            {
                RecordCommit commit = RecordCommit.Of(store, Bodies(random, 3, 300));
                commit.ApplyTo(store, new Lsn(lsn));
                lock (known)
                {
                    known.AddRange(commit.Puts);
                }

                if (lsn % 20 == 0)
                {
                    session.Complete(store.CheckpointAsync());
                    world.Background.RunAll();
                }
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            readers.ForEach(reader => reader.Join());
        }

        LawRun.Require(broken is null, broken ?? "");
    }

    private static void Bulk(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        Random random = Seeds.Generator(run.Seed);
        List<RecordLocation> all = [];
        for (ulong lsn = 1; lsn <= 20; lsn++)
        {
            RecordCommit commit = RecordCommit.Of(session.Component, Bodies(random, 10, 600));
            commit.ApplyTo(session.Component, new Lsn(lsn));
            all.AddRange(commit.Puts.Select(put => put.Location));
            if (lsn % 6 == 0)
            {
                session.Complete(session.Component.CheckpointAsync());
            }
        }

        for (int i = 0; i < run.Scale(50, 500, 5000); i++)
        {
            RecordLocation[] asked = [.. Enumerable.Range(0, 30).Select(_ => all[random.Next(all.Count)])];
            List<ReadRecord> found = RecordReading.ReadMany(session.Component, asked);
            LawRun.Require(found.Count == asked.Length, $"{asked.Length} locations gave {found.Count} records");
            for (int k = 0; k < asked.Length; k++)
            {
                ReadRecord single = RecordReading.Read(session.Component, asked[k].Value);
                LawRun.Require(
                    found[k].Location == asked[k].Value && found[k].Body.AsSpan().SequenceEqual(single.Body)
                        && found[k].Info == single.Info,
                    $"record {k} of a bulk read is {found[k]}, a single read gives {single}");
            }
        }
    }

    private static void Sinks(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        RecordCommit commit = RecordCommit.Of(store, Bodies(Seeds.Generator(run.Seed), 30, 300));
        commit.ApplyTo(store, new Lsn(1));
        RecordLocation[] locations = [.. commit.Puts.Select(put => put.Location)];
        LawRun.Require(
            RecordReading.Scan(store, ScanDirection.Forward, 3).Count == 3, "a scan went on after its sink said stop");
        LawRun.Require(
            RecordReading.ReadMany(store, locations, 3).Count == 3, "a bulk read went on after its sink said stop");
        ThrowingRecordSink sink = default;
        foreach (Action call in (Action[])
            [() => store.Scan(ScanDirection.Backward, ref sink), () => store.ReadMany(locations, ref sink)])
        {
            InvalidTimeZoneException thrown = LawRun.Throws<InvalidTimeZoneException>(call, "a sink that throws");
            LawRun.Require(ReferenceEquals(thrown, ThrowingRecordSink.Thrown), "the sink's exception was replaced");
        }

        LawRun.Require(RecordReading.Scan(store, ScanDirection.Forward).Count == 30, "a throwing sink broke the store");
    }

    private static void NotFound(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordLocation[] room = new RecordLocation[1];
        session.Component.Plan([100], room);
        LawRun.Refuses(
            StorageErrorCode.NotFound, () =>
                RecordReading.Read(session.Component, room[0].Value), "a location that was planned and never filled");
        LawRun.Refuses(
            StorageErrorCode.NotFound, () =>
                RecordReading.Read(session.Component, ulong.MaxValue), "a location far beyond the end");
        LawRun.Refuses(StorageErrorCode.NotFound, () => RecordReading.Read(session.Component, 0), "location 0");
        LawRun.Refuses(
            StorageErrorCode.NotFound, () =>
                RecordReading.ReadMany(session.Component, [room[0]]), "a bulk read of what never was");
    }

    private static void Deletion(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        RecordJournal journal = new();
        using (Session<IRecordStore> session = new(subject, world))
        {
            RecordCommit commit = RecordCommit.Of(session.Component, Bodies(Seeds.Generator(run.Seed), 20, 300));
            commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            session.Complete(session.Component.CheckpointAsync());
            for (int i = 0; i < 20; i += 2)
            {
                RecordCommit removal = new();
                removal.Deletes.Add(commit.Puts[i].Location);
                removal.ApplyTo(session.Component, new Lsn(journal.Begin(removal)));
                RecordReading.SameWhole(journal.States[^1], session.Component, $"after the deletion of record {i}");
            }

            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
            world.Disk.CutPower();
        }

        using SimWorld after = world.AfterPowerCut(run.Seed, CrashModel.SyncedOnly);
        using Session<IRecordStore> again = new(subject, after);
        ImmutableSortedDictionary<ulong, KnownRecord> state = journal.States[^1];
        RecordReading.SameWhole(state, again.Component, "deletions after a checkpoint and a power cut");
    }

    private struct ThrowingRecordSink : IRecordSink
    {
        public static InvalidTimeZoneException Thrown { get; } = new("the sink's own");

        public readonly bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info) =>
            throw Thrown;
    }
}
