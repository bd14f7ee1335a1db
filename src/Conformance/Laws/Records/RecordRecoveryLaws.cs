using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>What a record store keeps through power cuts and failures.</summary>
internal static class RecordRecoveryLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        suite
            .Add(
                RecordLaws.Must("RS8", "What a checkpoint made durable survives any crash; DurableLsn is never ahead "
                    + "of the disk and never moves back."),
                CheckpointsHold)
            .Add(
                RecordLaws.Must("RS9", "After a crash at any write boundary the store opens at exactly its state at "
                    + "DurableLsn, and a replay gives the state before."),
                Everywhere)
            .Add(
                RecordLaws.Must("RS7", "A crash during recovery, at any boundary and repeatedly, changes nothing "
                    + "about its result."),
                Nested)
            .Add(
                RecordLaws.Must("RS10", "Any failed write or sync, at every place, gives a StorageException; "
                    + "DurableLsn stays honest and reads do not flip."),
                FaultSweep)
            .Add(
                RecordLaws.Must("RS26", "After a failed sync and a restart, DurableLsn counts nothing that only the "
                    + "page cache holds."),
                FailedSync)
            .Add(
                RecordLaws.Must("RS24", "A checkpoint with nothing changed writes nothing, and an idle store writes "
                    + "nothing."),
                Idle);
    }

    private static void CheckpointsHold(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordJournal journal = new();
        for (int i = 0; i < run.Scale(40, 400, 4000); i++)
        {
            RecordCommit commit = RecordCommit.Plan(session.Component, i, 6, journal.States[^1]);
            commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
            if (i % 3 != 0)
            {
                continue;
            }

            session.Complete(session.Component.CheckpointAsync());
            journal.Durable = (ulong)journal.Commits.Count;
            LawRun.Require(
                session.Component.DurableLsn.Value == journal.Durable,
                $"a checkpoint at {journal.Durable} left DurableLsn {session.Component.DurableLsn}");
            using SimWorld cut = world.AfterPowerCut(
                (ulong)i, i % 2 == 0 ? CrashModel.SyncedOnly : CrashModel.NamesLost);
            new RecordScript(subject, []).Check(cut, journal);
        }
    }

    private static void Everywhere(LawRun run, ComponentSubject<IRecordStore> subject) =>
        run.Explore(run.Scale(3, 15, 300), random => RecordOp.Mixed(random, 18, 8), (seed, ops) =>
        {
            RecordScript script = new(subject, ops);
            CrashSweep.Run<RecordJournal>(
                () => RecordLaws.World(seed), script.Run, script.Check, run.Scale(40, 300, 10_000));
        });

    private static void Nested(LawRun run, ComponentSubject<IRecordStore> subject) =>
        run.Explore(run.Scale(2, 10, 100), random => RecordOp.Mixed(random, 14, 8), (seed, ops) =>
        {
            RecordScript script = new(subject, ops);
            int nested = 0;
            CrashSweep.Run<RecordJournal>(
                () => RecordLaws.World(seed),
                script.Run,
                (world, journal) =>
                {
                    world.Disk.CutPowerAt(1 + (nested++ % 6));
                    try
                    {
                        script.CheckOpen(world, journal);
                    }
#pragma warning disable CA1031 // The end of the world, wrapped or not.
                    catch (Exception) when (world.Disk.IsOff)
#pragma warning restore CA1031
                    {
                    }

                    using SimWorld again = world.AfterPowerCut(seed + (ulong)nested, (CrashModel)(1 + nested % 11));
                    script.CheckOpen(again, journal);
                },
                run.Scale(30, 200, 10_000),
                restarts: 4);
        });

    private static void FaultSweep(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        List<RecordOp> ops = RecordOp.Mixed(Seeds.Generator(run.Seed), 16, 8);
        ops.RemoveAll(op => op.Kind == RecordOpKind.Reopen);
        RecordScript script = new(subject, ops);
        FaultSweeps.Run<RecordJournal>(
            run, () => RecordLaws.World(run.Seed), script.Run, script.Check, run.Scale(25, 300, 4000));
    }

    private static void FailedSync(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        List<RecordOp> ops = RecordOp.Mixed(Seeds.Generator(run.Seed), 12, 8);
        ops.RemoveAll(op => op.Kind == RecordOpKind.Reopen);
        ops.Add(new RecordOp(RecordOpKind.Apply, 3, 1));
        ops.Add(new RecordOp(RecordOpKind.Checkpoint, 0, 0));
        RecordScript script = new(subject, ops);
        FaultSweeps.FailedSyncs<RecordJournal>(
            run, () => RecordLaws.World(run.Seed), script.Run,
            world =>
            {
                using Session<IRecordStore> session = new(subject, world);
                return session.Component.DurableLsn;
            });
    }

    private static void Idle(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        RecordCommit commit = RecordCommit.Of(session.Component, [new byte[100]]);
        commit.ApplyTo(session.Component, new Lsn(1));
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
}
