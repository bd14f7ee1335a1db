using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>What readers see beside a writer.</summary>
internal static class IndexSnapshotLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IIndexFamily>> suite)
    {
        suite
            .Add(
                IndexLaws.Must("IX2", "A snapshot never changes: the same reads give the same bytes through writes, "
                    + "checkpoints, merges, a reset and the removal of every key."),
                Immutable)
            .Add(
                IndexLaws.Must("IX4", "A cursor that is open while the index changes gives the entries of its "
                    + "snapshot, each once."),
                OpenCursor)
            .Add(IndexLaws.Must("IX15", "A reader sees a batch wholly or not at all, from any thread."), WholeBatches)
            .Add(
                IndexLaws.Must("IX22", "A snapshot's Lsn is the last batch it contains, and its content is the state "
                    + "after that batch."),
                SnapshotLsn);
    }

    private static void Immutable(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        ImmutableSortedDictionary<byte[], byte[]> state = IndexChanges.Empty;
        List<(IIndexSnapshot Snapshot, ImmutableSortedDictionary<byte[], byte[]> State)> open = [];
        Random random = Seeds.Generator(run.Seed);
        ulong lsn = 0;
        for (int i = 0; i < run.Scale(60, 300, 3000); i++)
        {
            IndexChanges changes = IndexChanges.Random(random.Next(), 80);
            changes.ApplyTo(session.Component, new Lsn(++lsn));
            state = changes.ApplyTo(state);
            if (i % 5 == 0)
            {
                open.Add((session.Component.OpenSnapshot(), state));
            }

            if (i % 7 == 0)
            {
                session.Complete(session.Component.CheckpointAsync());
            }

            if (i % 11 == 0)
            {
                world.Background.RunAll();
            }

            CheckOpen(open, $"after batch {lsn}");
            if (open.Count > 5)
            {
                open[0].Snapshot.Dispose();
                open.RemoveAt(0);
            }
        }

        IndexChanges removal = new();
        foreach (byte[] key in state.Keys)
        {
            removal.Changes[key] = null;
        }

        removal.ApplyTo(session.Component, new Lsn(++lsn));
        session.Complete(session.Component.CheckpointAsync());
        world.Background.RunAll();
        CheckOpen(open, "after the removal of every key");
        session.Complete(session.Component.ResetAsync());
        CheckOpen(open, "after a reset");
        open.ForEach(each => each.Snapshot.Dispose());
    }

    private static void CheckOpen(
        List<(IIndexSnapshot Snapshot, ImmutableSortedDictionary<byte[], byte[]> State)> open, string when)
    {
        foreach ((IIndexSnapshot snapshot, ImmutableSortedDictionary<byte[], byte[]> state) in open)
        {
            IndexReading.Same(
                IndexReading.Expected(state, [], [], ScanDirection.Forward),
                IndexReading.Scan(snapshot, [], [], ScanDirection.Forward), $"a snapshot at {snapshot.Lsn} {when}");
        }
    }

    private static void OpenCursor(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        foreach (ScanDirection direction in (ReadOnlySpan<ScanDirection>)
            [ScanDirection.Forward, ScanDirection.Backward])
        {
            using SimWorld world = IndexLaws.World(run.Seed);
            using Session<IIndexFamily> session = new(subject, world);
            ImmutableSortedDictionary<byte[], byte[]> state = IndexChanges.Empty;
            ulong lsn = 0;
            for (; lsn < 5; lsn++)
            {
                IndexChanges changes = IndexChanges.Random((int)lsn, 200);
                changes.ApplyTo(session.Component, new Lsn(lsn + 1));
                state = changes.ApplyTo(state);
            }

            session.Complete(session.Component.CheckpointAsync());
            using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
            using IIndexCursor cursor = snapshot.OpenCursor(KeyRange.All, direction);
            List<ReadEntry> found = [];
            while (cursor.MoveNext())
            {
                found.Add(new ReadEntry(cursor.Key.ToArray(), cursor.Value.ToArray()));
                if (found.Count % 20 == 0)
                {
                    IndexChanges.Random(found.Count, 60).ApplyTo(session.Component, new Lsn(++lsn));
                    session.Complete(session.Component.CheckpointAsync());
                    world.Background.RunAll();
                }
            }

            IndexReading.Same(
                IndexReading.Expected(state, [], [], direction), found, $"a cursor {direction} that was open beside "
                    + "changes");
        }
    }

    private static void WholeBatches(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IIndexFamily index = session.Component;
        bool done = false;
        string? broken = null;
        Thread reader = new(() =>
        {
            try
            {
                while (!Volatile.Read(ref done))
                {
                    using IIndexSnapshot snapshot = index.OpenSnapshot();
                    List<ReadEntry> entries = IndexReading.Scan(snapshot, [], [], ScanDirection.Forward);
                    foreach (ReadEntry entry in entries)
                    {
                        if (!entry.Value.AsSpan().SequenceEqual(entries[0].Value))
                        {
                            broken = $"a snapshot holds {entries[0]} and {entry}, which no batch left together";
                            return;
                        }
                    }
                }
            }
#pragma warning disable CA1031 // Carried over to the law's own thread.
            catch (Exception thrown)
#pragma warning restore CA1031
            {
                broken = thrown.ToString();
            }
        });
        reader.Start();
        try
        {
            for (int i = 1; i <= run.Scale(300, 3000, 30_000); i++)
            {
                // Every batch gives all keys the same new value.
                IndexChanges changes = new();
                for (int k = 0; k < 50; k++)
                {
                    changes.Changes[IndexChanges.Key(k * 5)] = BitConverter.GetBytes(i);
                }

                changes.ApplyTo(index, new Lsn((ulong)i));
                if (i % 50 == 0)
                {
                    session.Complete(index.CheckpointAsync());
                    world.Background.RunAll();
                }
            }
        }
        finally
        {
            Volatile.Write(ref done, true);
            reader.Join();
        }

        LawRun.Require(broken is null, broken ?? "");
    }

    private static void SnapshotLsn(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        for (ulong lsn = 3; lsn < 60; lsn += 3)
        {
            IndexChanges changes = new();
            changes.Changes[[7]] = BitConverter.GetBytes(lsn);
            changes.ApplyTo(session.Component, new Lsn(lsn));
            using IIndexSnapshot snapshot = session.Component.OpenSnapshot();
            LawRun.Require(snapshot.Lsn.Value == lsn, $"after batch {lsn} a snapshot is at {snapshot.Lsn}");
            LawRun.Require(
                IndexReading.Get(snapshot, [7], 512).AsSpan().SequenceEqual(BitConverter.GetBytes(lsn)),
                $"a snapshot at {lsn} does not hold batch {lsn}");
        }
    }
}
