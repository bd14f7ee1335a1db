using Mortise.Components;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IDurableCopier"/>, as a record store's examiner offers it.</summary>
internal static class RecordCopyLaws
{
    private const string Target = "copy";
    private const int BodyBytes = 900;
    private const int RecordsPerCommit = 4;

    private static readonly LawNeeds s_needs = LawNeeds.Copying | LawNeeds.Persistence | LawNeeds.SimulatedFiles;

    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        Add(
            "RD1",
            "A copy of an instance, open or closed, opens at a state that was durable, at least the one at "
                + "the call; the source is as it was.",
            Copies);
        Add(
            "RD2",
            "A copy into an earlier copy gives the newer state, and uses again what that has already.",
            CopiesWhatChanged);
        Add(
            "RD3",
            "After a crash at any write boundary of a copy the target opens at the earlier copy's state or at "
                + "the new one, and another copy completes it.",
            Cut);
        Add(
            "RD4",
            "A copy of a damaged instance is the sound state, or damage is reported, or refused with a typed "
                + "error; never silently something else.",
            Damaged);
        Add(
            "RD5",
            "A target with another store's copy is refused with ForeignFile, a cancelled token with "
                + "OperationCanceledException, and the target is as it was.",
            Refuses);

        void Add(string id, string text, Action<LawRun, ComponentSubject<IRecordStore>> check) =>
            suite.Add(RecordLaws.Must(id, text, s_needs), check);
    }

    private static void Copies(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordLaws.World(run.Seed);
        using (Session<IRecordStore> session = new(subject, world))
        {
            for (int i = 0; i < run.Scale(8, 24, 60); i++)
            {
                Commit(session, journal, isCheckpoint: i % 2 == 0);
                ulong durable = session.Component.DurableLsn.Value;
                (string Path, byte[] Bytes)[] before = Files(world, Session.InstanceName);
                CopySummary summary = Copy(subject, world, []);
                LawRun.Require(Same(before, Files(world, Session.InstanceName)), "a copy changed the source");
                LawRun.Require(
                    summary.DurableLsn.Value >= durable,
                    $"{summary.DurableLsn} was copied, {durable} was durable before");
                CheckCopy(subject, world, journal, durable, summary.DurableLsn.Value);
            }
        }

        Copy(subject, world, []);
        CheckCopy(subject, world, journal, journal.Durable, ulong.MaxValue);
    }

    private static void CopiesWhatChanged(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = Filled(run, subject, journal);
        CopySummary first = Copy(subject, world, []);
        LawRun.Require(
            first is { FilesKept: 0, BytesKept: 0, FilesCopied: > 0 } && first.BytesCopied >= BodyBytes,
            $"a first copy says {first}");
        CopySummary second = Copy(subject, world, []);
        LawRun.Require(
            second.BytesKept > 0 && second.BytesCopied < first.BytesCopied,
            $"nothing has changed, and after {first} a second copy says {second}");
        using (Session<IRecordStore> session = new(subject, world))
        {
            Commit(session, journal, isCheckpoint: true);
        }

        CopySummary third = Copy(subject, world, []);
        LawRun.Require(third.BytesKept > 0, $"one commit has come, and after {first} a third copy says {third}");
        CheckCopy(subject, world, journal, journal.Durable, journal.Durable);
    }

    private static void Cut(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        ulong earlier = 0;
        CrashSweep.Run<List<Finding>>(
            () =>
            {
                journal = new RecordJournal();
                SimWorld world = Filled(run, subject, journal);
                Copy(subject, world, []);
                earlier = journal.Durable;
                using Session<IRecordStore> session = new(subject, world);
                Commit(session, journal, isCheckpoint: true);
                Commit(session, journal, isCheckpoint: true);
                return world;
            },
            (world, found) => Copy(subject, world, found),
            (world, _) =>
            {
                using (SimWorld cut = world.AfterProcessDeath())
                {
                    CheckCopy(subject, cut, journal, earlier, journal.Durable);
                }

                Copy(subject, world, []);
                CheckCopy(subject, world, journal, journal.Durable, journal.Durable);
            },
            run.Scale(15, 80, 400),
            restarts: run.Scale(2, 0, 0));
    }

    private static void Damaged(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        Random random = Seeds.Generator(run.Seed);
        int reported = 0;
        for (int i = 0; i < run.Scale(80, 800, 8000); i++)
        {
            using SimWorld damaged = world.AfterProcessDeath();
            RecordDamage damage = RecordDamage.Choose(damaged.Disk, random);
            damage.ApplyTo(damaged.Disk);
            List<Finding> found = [];
            try
            {
                Copy(subject, damaged, found);
            }
            catch (StorageException)
            {
                reported++;
                continue;
            }

            reported += found.Count > 0 ? 1 : 0;
            if (found.Count == 0)
            {
                LawRun.Then(
                    $"{damage}, and a copy that reports nothing", () => CheckCopy(subject, damaged, journal, 4, 4));
            }
        }

        LawRun.Require(reported > 0, "no damage was reported or refused");
    }

    private static void Refuses(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        Copy(subject, world, []);
        (string Path, byte[] Bytes)[] before = Files(world, Target);
        LawRun.Throws<OperationCanceledException>(
            () => Copy(subject, world, [], new CancellationToken(canceled: true)), "a cancelled token");
        RequireSame("a cancelled copy");
        CheckCopy(subject, world, journal, 4, 4);

        // Another store, with the first one's copy where its own should go.
        var other = new Guid("00000000-0000-0000-0000-00000000f0f0");
        using SimWorld foreign = new(run.Seed) { StoreId = other };
        using (Session<IRecordStore> session = new(subject, foreign))
        {
            Commit(session, new RecordJournal(), isCheckpoint: true);
        }

        before = Files(world, Target);
        LawRun.Refuses(
            StorageErrorCode.ForeignFile,
            () => ((IDurableCopier)subject.Examiner!).Copy(
                foreign.Disk.Root.OpenDirectory(Session.InstanceName),
                other,
                world.Directory(Target),
                static _ => { },
                default),
            "a target with another store's copy");
        RequireSame("a refused copy");

        void RequireSame(string what) =>
            LawRun.Require(Same(Files(world, Target), before), $"{what} changed the target");
    }

    /// <summary>A closed store of some files, all of it durable.</summary>
    private static SimWorld Filled(LawRun run, ComponentSubject<IRecordStore> subject, RecordJournal journal)
    {
        SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        for (int i = 0; i < 16; i++)
        {
            Commit(session, journal, isCheckpoint: i % 3 == 0);
        }

        Commit(session, journal, isCheckpoint: true);
        return world;
    }

    private static void Commit(Session<IRecordStore> session, RecordJournal journal, bool isCheckpoint)
    {
        int number = journal.Commits.Count;
        RecordCommit commit = RecordCommit.Of(
            session.Component,
            [
                .. Enumerable.Range(0, RecordsPerCommit)
                    .Select(k => LogJournal.Payload((ulong)((number * RecordsPerCommit) + k + 1), BodyBytes + k)),
            ]);
        if (number % 4 == 3)
        {
            commit.Deletes.Add(journal.Commits[number - 1].Puts[1].Location);
        }

        commit.ApplyTo(session.Component, new Lsn(journal.Begin(commit)));
        if (isCheckpoint)
        {
            session.Complete(session.Component.CheckpointAsync());
            journal.Durable = (ulong)journal.Commits.Count;
        }

        session.World.Background.AfterCall();
    }

    private static CopySummary Copy(
        ComponentSubject<IRecordStore> subject,
        SimWorld world,
        List<Finding> found,
        CancellationToken cancellation = default)
    {
        int handles = world.Disk.OpenHandles.Count;
        CopySummary summary = ((IDurableCopier)subject.Examiner!).Copy(
            world.Directory(Session.InstanceName), world.StoreId, world.Directory(Target), found.Add, cancellation);
        LawRun.Require(world.Disk.OpenHandles.Count == handles, "a copy left files open");
        return summary;
    }

    /// <summary>Opens the copy, in a process of its own, and holds it against the journal.</summary>
    private static void CheckCopy(
        ComponentSubject<IRecordStore> subject, SimWorld world, RecordJournal journal, ulong least, ulong most)
    {
        using SimWorld next = world.AfterProcessDeath();
        IStorageDirectory files = next.Directory(Target);
        List<Finding> found = [];
        subject.Examiner!.Examine(files, next.StoreId, found.Add, CancellationToken.None);
        LawRun.Require(found.Count == 0, $"in the copy the examiner finds {found.FirstOrDefault()}");
        IRecordStore copy = next.Background.Complete(subject.OpenIn(next, Target, CancellationToken.None));
        ulong durable = copy.DurableLsn.Value;
        LawRun.Require(
            durable >= least && durable <= Math.Min(most, (ulong)journal.Commits.Count),
            $"the copy opens at {durable}, expected {least} or later");
        RecordReading.SameWhole(journal.States[(int)durable], copy, $"in the copy, at {durable}");
        next.Background.Complete(copy.DisposeAsync());
    }

    private static bool Same((string Path, byte[] Bytes)[] one, (string Path, byte[] Bytes)[] other) =>
        one.Length == other.Length
        && one.Zip(other).All(static pair =>
            pair.First.Path == pair.Second.Path && pair.First.Bytes.AsSpan().SequenceEqual(pair.Second.Bytes));

    private static (string Path, byte[] Bytes)[] Files(SimWorld world, string directory) =>
    [
        .. world.Disk.FilePaths()
            .Where(path => path.StartsWith(directory + "/", StringComparison.Ordinal))
            .Select(path => (path, world.Disk.ReadAllBytes(path))),
    ];
}
