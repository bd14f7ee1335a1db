using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>What packing may change: the shape and the room it takes, and nothing else.</summary>
internal static class IndexPackLaws
{
    /// <summary>What a packed index may take beyond a smaller one, whatever its unit of allocation is.</summary>
    private const long AllowedBytes = 128 << 10;

    public static void AddTo(LawSuite<ComponentSubject<IIndexFamily>> suite)
    {
        suite
            .Add(
                IndexLaws.Must("IX30", "Packing changes no answer and makes what was applied durable; what is applied "
                    + "beside it is kept.", LawNeeds.Packing),
                SameAnswers)
            .Add(
                IndexLaws.Must("IX31", "After a crash at any write boundary of a pack the index opens at exactly its "
                    + "state at DurableLsn, and no pack moves that back.", LawNeeds.Packing | LawNeeds.Persistence),
                CutPacks)
            .Add(
                IndexLaws.Must("IX32", "IsPacked tells whether a pack would write something: packing what is packed "
                    + "writes nothing, also after a restart.", LawNeeds.Packing | LawNeeds.Persistence),
                Twice)
            .Add(
                IndexLaws.Should("IX33", "A packed index takes no more room than one that was filled with its entries "
                    + "alone and packed.", LawNeeds.Packing),
                NothingLeft);
    }

    private static void SameAnswers(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(10, 100, 1000), random => Scripts(random, 30), (seed, ops) =>
        {
            using SimWorld world = IndexLaws.World(seed);
            IndexJournal journal = new();
            IndexScript script = new(subject, ops);
            script.Run(world, journal);
            using SimWorld cut = world.AfterPowerCut(seed, CrashModel.SyncedOnly);
            script.Check(cut, journal);
        });

    private static void CutPacks(LawRun run, ComponentSubject<IIndexFamily> subject) =>
        run.Explore(run.Scale(2, 10, 200), random => Scripts(random, 12), (seed, ops) =>
        {
            IndexScript script = new(subject, ops);
            CrashSweep.Run<IndexJournal>(
                () => IndexLaws.World(seed), script.Run, script.Check, run.Scale(40, 300, 10_000));
        });

    private static void Twice(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        using (Session<IIndexFamily> session = new(subject, world))
        {
            LawRun.Require(Packable(session).IsPacked, "an empty index says that it is not packed");
            for (ulong lsn = 1; lsn <= 6; lsn++)
            {
                IndexChanges.Random((int)lsn, 200).ApplyTo(session.Component, new Lsn(lsn));
                LawRun.Require(
                    !Packable(session).IsPacked, $"an index with batch {lsn} in memory says that it is packed");
                session.Complete(session.Component.CheckpointAsync());
            }

            session.Complete(Packable(session).PackAsync());
            LawRun.Require(Packable(session).IsPacked, "an index that was packed says that it is not");
            Idle(session, "a second pack");
        }

        using Session<IIndexFamily> again = new(subject, world);
        LawRun.Require(Packable(again).IsPacked, "after a restart a packed index says that it is not");
        Idle(again, "a pack after a restart");
        IndexChanges.Random(7, 200).ApplyTo(again.Component, new Lsn(7));
        LawRun.Require(!Packable(again).IsPacked, "a packed index that changed says that it is packed");
    }

    private static void NothingLeft(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        IndexChanges kept = IndexChanges.Random((int)(run.Seed & 0xFFFF), 300, 60_000);
        foreach (byte[] key in kept.Changes.Keys.ToArray())
        {
            kept.Changes[key] ??= [1];
        }

        long alone = Room(run.Seed, subject, [kept]);
        List<IndexChanges> history = [];
        for (int i = 0; i < run.Scale(12, 60, 600); i++)
        {
            history.Add(IndexChanges.Random(i, 1500, 60_000));
        }

        IndexChanges removal = new();
        foreach (IndexChanges changes in history)
        {
            foreach (byte[] key in changes.Changes.Keys)
            {
                removal.Changes[key] = null;
            }
        }

        long rest = Room(run.Seed, subject, [.. history, removal, kept]);
        LawRun.Require(
            rest <= alone + AllowedBytes, $"its entries alone take {alone} bytes packed, and {rest} bytes with their "
                + "history");
    }

    private static long Room(ulong seed, ComponentSubject<IIndexFamily> subject, List<IndexChanges> batches)
    {
        using SimWorld world = IndexLaws.World(seed);
        using Session<IIndexFamily> session = new(subject, world);
        ulong lsn = 0;
        foreach (IndexChanges batch in batches)
        {
            batch.ApplyTo(session.Component, new Lsn(++lsn));
            session.Complete(session.Component.CheckpointAsync());
            session.Complete(Packable(session).PackAsync());
        }

        return world.Disk.FilePaths().Sum(path => (long)world.Disk.ReadAllBytes(path).Length);
    }

    private static void Idle(Session<IIndexFamily> session, string what)
    {
        long operations = session.World.Disk.Operations;
        session.Complete(Packable(session).PackAsync());
        session.World.Background.RunAll();
        LawRun.Require(
            session.World.Disk.Operations == operations,
            $"{what} made {session.World.Disk.Operations - operations} mutations");
    }

    private static IPackableIndex Packable(Session<IIndexFamily> session) =>
        session.Component.TryGet(out IPackableIndex? packable)
            ? packable
            : throw new LawBrokenException("it offered IPackableIndex before, and does not now");

    private static List<IndexOp> Scripts(Random random, int count)
    {
        List<IndexOp> ops = IndexOp.Mixed(random, count, 40);
        for (int i = 0; i < count; i += 4)
        {
            IndexOpKind kind = random.Next(2) == 0 ? IndexOpKind.Pack : IndexOpKind.PackBeside;
            ops.Insert(random.Next(ops.Count + 1), new IndexOp(kind, random.Next(1, 40), random.Next()));
        }

        return ops;
    }
}
