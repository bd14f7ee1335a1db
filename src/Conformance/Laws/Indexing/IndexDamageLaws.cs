using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>What an index does with bytes that are not what it wrote.</summary>
internal static class IndexDamageLaws
{
    public static void AddTo(LawSuite<ComponentSubject<IIndexFamily>> suite)
    {
        suite
            .Add(
                IndexLaws.Must("IX20", "Any single flipped bit in any file: an error, or an index that is exactly its "
                    + "state at the DurableLsn it claims, which may be an older one or None; never a wrong or "
                        + "incomplete answer.", LawNeeds.Persistence | LawNeeds.SimulatedFiles),
                AnyBit)
            .Add(
                IndexLaws.Must("IX21", "Files of another store make the index empty with a warning; nothing of theirs "
                    + "is served.", LawNeeds.Persistence),
                Foreign)
            .Add(
                new Law
                {
                    Id = "IX40",
                    Contract = LawContract.IndexFamily,
                    Without = LawNeeds.Persistence,
                    Text = "A structure that says it is not persistent keeps nothing: it writes no file, DurableLsn "
                        + "stays None, and it is empty after a restart.",
                },
                KeepsNothing)
            .Add(
                IndexLaws.Must("IX18", "The examiner finds nothing in sound files, reports damage as findings, and "
                    + "throws nothing.", LawNeeds.Examiner),
                Examiner);
    }

    private static SimWorld Written(
        ComponentSubject<IIndexFamily> subject, ulong seed, out List<ImmutableSortedDictionary<byte[], byte[]>> states)
    {
        SimWorld world = IndexLaws.World(seed);
        using Session<IIndexFamily> session = new(subject, world);
        states = [IndexChanges.Empty];
        for (ulong lsn = 1; lsn <= 4; lsn++)
        {
            IndexChanges changes = IndexChanges.Random((int)lsn, 60);
            changes.ApplyTo(session.Component, new Lsn(lsn));
            states.Add(changes.ApplyTo(states[^1]));
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }

        return world;
    }

    private static void AnyBit(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = Written(subject, run.Seed, out List<ImmutableSortedDictionary<byte[], byte[]>> states);
        int step = run.Scale(61, 5, 1);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            for (long bit = (long)(run.Seed % (ulong)step); bit < bytes.Length * 8L; bit += step)
            {
                using SimWorld damaged = world.AfterProcessDeath();
                damaged.Disk.FlipBit(path, bit / 8, (int)(bit % 8));
                string what = $"bit {bit % 8} of byte {bit / 8} of {path} flipped";
                try
                {
                    using Session<IIndexFamily> session = new(subject, damaged);
                    ulong durable = session.Component.DurableLsn.Value;
                    LawRun.Require(durable <= 4, $"{what}: the index opens at {durable}");
                    IndexReading.SameWhole(states[(int)durable], session.Component, $"{what}, opened at {durable}");
                }
                catch (StorageException reported)
                {
                    LawRun.Require(reported.Code == StorageErrorCode.Corrupt, $"{what}: reported as {reported.Code}");
                }
                catch (Exception thrown) when (thrown is not LawBrokenException)
                {
                    throw new LawBrokenException($"{what}: {thrown.GetType().Name}: {thrown.Message}", thrown);
                }
            }
        }
    }

    private static void Foreign(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = Written(subject, run.Seed, out _);
        using SimWorld foreign = world.AfterProcessDeath(new Guid("00000000-0000-0000-0000-00000000f0f0"));
        using Session<IIndexFamily> session = new(subject, foreign);
        LawRun.Require(
            session.Component.DurableLsn == Lsn.None, $"files of another store open at {session.Component.DurableLsn}");
        IndexReading.SameWhole(IndexChanges.Empty, session.Component, "files of another store");
        LawRun.Require(
            foreign.Log.Messages.Any(message => message.Level >= ComponentLogLevel.Warning), "nobody was warned");
        IndexChanges changes = IndexChanges.Random(9, 60);
        changes.ApplyTo(session.Component, new Lsn(1));
        session.Complete(session.Component.CheckpointAsync());
        IndexReading.SameWhole(
            changes.ApplyTo(IndexChanges.Empty), session.Component, "rebuilt over another store's files");
    }

    private static void KeepsNothing(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = IndexLaws.World(run.Seed);
        world.Directory(Session.InstanceName);
        long operations = world.Disk.Operations;
        using (Session<IIndexFamily> session = new(subject, world))
        {
            IndexChanges.Random(1, 60).ApplyTo(session.Component, new Lsn(1));
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
            LawRun.Require(
                session.Component.DurableLsn == Lsn.None,
                $"after a checkpoint DurableLsn is {session.Component.DurableLsn}");
        }

        LawRun.Require(world.Disk.Operations == operations, "it wrote something to the disk");
        using Session<IIndexFamily> again = new(subject, world.AfterProcessDeath());
        IndexReading.SameWhole(IndexChanges.Empty, again.Component, "after a restart");
    }

    private static void Examiner(LawRun run, ComponentSubject<IIndexFamily> subject)
    {
        using SimWorld world = Written(subject, run.Seed, out _);
        ExaminerChecks.Sound(subject.Examiner!, world);
        ExaminerChecks.Damaged(run, subject.Examiner!, world);
    }
}
