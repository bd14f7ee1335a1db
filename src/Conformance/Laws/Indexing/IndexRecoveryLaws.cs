using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>What an index keeps through power cuts, loads and resets.</summary>
internal static class IndexRecoveryLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IIndexFamily>> suite)
    {
        suite
            .Add(
                IndexLaws.Must("IX7", "After a crash at any write boundary the index opens at exactly its state at "
                    + "DurableLsn, which is not ahead of the disk and not behind the last checkpoint."),
                Everywhere)
            .Add(
                IndexLaws.Must("IX8", "After a crash at any boundary, a replay from DurableLsn gives the state "
                    + "before; also when recovery is cut."),
                Nested)
            .Add(
                IndexLaws.Must("IX9", "Loading with Lsn.None and then an LSN gives the same map as applying batches "
                    + "one by one."),
                Loading)
            .Add(
                IndexLaws.Must("IX10", "A load that is cut short is never taken for a whole one: the index is empty "
                    + "and DurableLsn is None."),
                CutLoad)
            .Add(
                IndexLaws.Must("IX16", "AppliedLsn only grows; a batch at or below it, or with keys out of order, is "
                    + "an ArgumentException and changes nothing."),
                Refusals)
            .Add(
                IndexLaws.Must("IX17", "After ResetAsync the map is empty on disk too, through any crash, and can be "
                    + "filled again."),
                Reset)
            .Add(
                IndexLaws.Must("IX23", "A checkpoint with nothing changed writes nothing, and an idle index writes "
                    + "nothing.", LawNeeds.SimulatedFiles),
                IdleCheckpoint)
            .Add(
                IndexLaws.Must("IX28", "A checkpoint covers exactly what was applied when it was called, however much "
                    + "is applied while it is pending."),
                Captured)
            .Add(
                IndexLaws.Must("IX24", "Any failed write or sync, at every place, gives a StorageException, and "
                    + "DurableLsn stays honest.", LawNeeds.Persistence | LawNeeds.SimulatedFiles),
                FaultSweep)
            .Add(
                IndexLaws.Should("IX29", "After a failed sync and a restart, DurableLsn counts nothing that only the "
                    + "page cache holds.", LawNeeds.Persistence | LawNeeds.SimulatedFiles),
                FailedSync);
    }

    private static void Everywhere(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(3, 15, 300), random => IndexOp.Mixed(random, 18, 40), (seed, ops) =>
        {
            IndexScript script = new(subject, ops);
            CrashSweep.Run<IndexJournal>(
                () => IndexLaws.World(seed), script.Run, script.Check, run.Scale(40, 300, 10_000));
        });

    private static void Nested(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(2, 10, 100), random => IndexOp.Mixed(random, 14, 30), (seed, ops) =>
        {
            IndexScript script = new(subject, ops);
            int nested = 0;
            CrashSweep.Run<IndexJournal>(
                () => IndexLaws.World(seed),
                script.Run,
                (world, journal) =>
                {
                    // What the first crash left is cut again while it is recovered and checkpointed.
                    world.Disk.CutPowerAt(1 + (nested++ % 6));
                    try
                    {
                        script.Check(world, journal);
                    }
#pragma warning disable CA1031 // The end of the world, wrapped or not.
                    catch (Exception) when (world.Disk.IsOff)
#pragma warning restore CA1031
                    {
                    }

                    using SimWorld again = world.AfterPowerCut(seed + (ulong)nested, (CrashModel)(1 + nested % 11));
                    script.Check(again, journal);
                },
                run.Scale(30, 200, 10_000),
                restarts: 4);
        });

    private static void Loading(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        IndexJournal journal = new();
        using (Session<IIndexFamily> session = new(subject, world))
        {
            for (int i = 0; i < run.Scale(20, 100, 1000); i++)
            {
                IndexChanges batch = IndexChanges.Random(i, 100);
                journal.Begin(batch);
                batch.ApplyTo(session.Component, Lsn.None);
                LawRun.Require(
                    session.Component.AppliedLsn == Lsn.None, "while loading AppliedLsn is "
                        + $"{session.Component.AppliedLsn}");
                if (i % 6 == 0)
                {
                    world.Background.RunAll();
                }
            }

            new IndexChanges().ApplyTo(session.Component, new Lsn(41));
            LawRun.Require(session.Component.AppliedLsn.Value == 41, "the end of a load did not set AppliedLsn");
            session.Complete(session.Component.CheckpointAsync());
            IndexReading.SameWhole(journal.States[^1], session.Component, "after a load");
            world.Disk.CutPower();
        }

        using SimWorld after = world.AfterPowerCut(run.Seed, CrashModel.SyncedOnly);
        using Session<IIndexFamily> again = new(subject, after);
        if (again.Component.Traits.IsPersistent)
        {
            LawRun.Require(
                again.Component.DurableLsn.Value == 41, $"a loaded index opens at {again.Component.DurableLsn}");
            IndexReading.SameWhole(journal.States[^1], again.Component, "a loaded index after a power cut");
        }
    }

    private static void CutLoad(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        for (int cut = 0; cut < run.Scale(30, 200, 2000); cut++)
        {
            using SimWorld world = IndexLaws.World(Seeds.Derive(run.Seed, (ulong)cut));
            Session<IIndexFamily> session = new(subject, world);
            if (cut > 2)
            {
                world.Disk.CutPowerAt(world.Disk.Operations + cut - 2);
            }

            try
            {
                for (int i = 0; i < 12; i++)
                {
                    IndexChanges.Random(i, 100).ApplyTo(session.Component, Lsn.None);
                    if (i % 4 == 3)
                    {
                        session.Complete(session.Component.CheckpointAsync());
                        world.Background.RunAll();
                    }
                }

                if (cut == 0)
                {
                    session.Dispose();
                }
            }
#pragma warning disable CA1031 // The end of the world, wrapped or not.
            catch (Exception) when (world.Disk.IsOff)
#pragma warning restore CA1031
            {
            }

            foreach (CrashModel model in (ReadOnlySpan<CrashModel>)
                [CrashModel.SyncedOnly, CrashModel.KeepAll, CrashModel.RandomSubset])
            {
                using SimWorld after = world.AfterPowerCut((ulong)cut, model);
                using Session<IIndexFamily> again = new(subject, after);
                LawRun.Require(
                    again.Component.DurableLsn == Lsn.None, "half a load opens at DurableLsn "
                        + $"{again.Component.DurableLsn}");
                IndexReading.SameWhole(IndexChanges.Empty, again.Component, "half a load after a restart");
            }
        }
    }

    private static void Refusals(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IIndexFamily index = session.Component;
        IndexChanges first = IndexChanges.Random(1, 50);
        first.ApplyTo(index, new Lsn(10));
        LawRun.Throws<ArgumentException>(() => first.ApplyTo(index, new Lsn(10)), "a batch with the applied LSN");
        LawRun.Throws<ArgumentException>(() => first.ApplyTo(index, new Lsn(4)), "a batch with an older LSN");
        byte[] arena = [5, 9, 1, 1];
        IndexMutation five = new(IndexOperation.Set, 0, 1, 2, 1);
        IndexMutation nine = new(IndexOperation.Set, 1, 1, 3, 1);
        LawRun.Throws<ArgumentException>(
            () => index.Apply(new IndexBatch(new Lsn(11), arena, [nine, five])), "a batch with keys out of order");
        LawRun.Throws<ArgumentException>(
            () => index.Apply(new IndexBatch(new Lsn(11), arena, [five, five])), "a batch with a key twice");
        LawRun.Require(index.AppliedLsn.Value == 10, $"a refused batch moved AppliedLsn to {index.AppliedLsn}");
        IndexReading.SameWhole(first.ApplyTo(IndexChanges.Empty), index, "after refused batches");
    }

    private static void Reset(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using (Session<IIndexFamily> session = new(subject, world))
        {
            for (ulong lsn = 1; lsn <= 6; lsn++)
            {
                IndexChanges.Random((int)lsn, 200).ApplyTo(session.Component, new Lsn(lsn));
                session.Complete(session.Component.CheckpointAsync());
            }

            IndexChanges.Random(7, 200).ApplyTo(session.Component, new Lsn(7));
            session.Complete(session.Component.ResetAsync());
            LawRun.Require(
                session.Component.AppliedLsn == Lsn.None && session.Component.DurableLsn == Lsn.None,
                $"after a reset: applied {session.Component.AppliedLsn}, durable {session.Component.DurableLsn}");
            IndexReading.SameWhole(IndexChanges.Empty, session.Component, "after a reset");
            foreach (CrashModel model in Enum.GetValues<CrashModel>())
            {
                using SimWorld cut = world.AfterPowerCut(run.Seed, model);
                using Session<IIndexFamily> empty = new(subject, cut);
                LawRun.Require(
                    empty.Component.DurableLsn == Lsn.None, $"a reset was forgotten by a power cut ({model})");
                IndexReading.SameWhole(IndexChanges.Empty, empty.Component, $"after a reset and a power cut ({model})");
            }

            IndexChanges.Random(8, 200).ApplyTo(session.Component, new Lsn(3));
            session.Complete(session.Component.CheckpointAsync());
        }

        using Session<IIndexFamily> again = new(subject, world);
        if (again.Component.Traits.IsPersistent)
        {
            LawRun.Require(again.Component.DurableLsn.Value == 3, "what was filled after a reset is gone");
            IndexReading.SameWhole(
                IndexChanges.Random(8, 200).ApplyTo(IndexChanges.Empty), again.Component, "filled after a reset");
        }
    }

    private static void IdleCheckpoint(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using Session<IIndexFamily> session = new(subject, world);
        IndexChanges.Random(1, 200).ApplyTo(session.Component, new Lsn(1));
        session.Complete(session.Component.CheckpointAsync());
        world.Background.RunAll();
        session.Complete(session.Component.CheckpointAsync());
        world.Background.RunAll();
        long operations = world.Disk.Operations;
        for (int i = 0; i < 3; i++)
        {
            session.Complete(session.Component.CheckpointAsync());
            world.Clock.Advance(TimeSpan.FromHours(1));
            world.Background.RunAll();
        }

        LawRun.Require(
            world.Disk.Operations == operations, $"idle checkpoints made {world.Disk.Operations - operations} "
                + "mutations");
    }

    private static void Captured(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(10, 100, 1000), random =>
        {
            List<IndexOp> ops = [];
            for (int i = 0; i < 8; i++)
            {
                ops.Add(new IndexOp(IndexOpKind.Apply, random.Next(1, 60), random.Next()));
                ops.Add(new IndexOp(IndexOpKind.CheckpointBeside, random.Next(1, 60), random.Next()));
            }

            return ops;
        }, (seed, ops) =>
        {
            using SimWorld world = IndexLaws.World(seed);
            IndexJournal journal = new();
            IndexScript script = new(subject, ops);
            script.Run(world, journal);
            using SimWorld cut = world.AfterPowerCut(seed, CrashModel.SyncedOnly);
            script.Check(cut, journal);
        });

    private static void FaultSweep(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        List<IndexOp> ops = IndexOp.Mixed(Seeds.Generator(run.Seed), 16, 40);
        ops.RemoveAll(op => op.Kind == IndexOpKind.Reopen);
        IndexScript script = new(subject, ops);
        FaultSweeps.Run<IndexJournal>(
            run, () => IndexLaws.World(run.Seed), script.Run, script.Check, run.Scale(25, 300, 4000));
    }

    private static void FailedSync(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        List<IndexOp> ops = IndexOp.Mixed(Seeds.Generator(run.Seed), 12, 40);
        ops.RemoveAll(op => op.Kind == IndexOpKind.Reopen);
        ops.Add(new IndexOp(IndexOpKind.Checkpoint, 0, 0));
        IndexScript script = new(subject, ops);
        FaultSweeps.FailedSyncs<IndexJournal>(
            run, () => IndexLaws.World(run.Seed), script.Run,
            world =>
            {
                using Session<IIndexFamily> session = new(subject, world);
                return session.Component.DurableLsn;
            });
    }
}
