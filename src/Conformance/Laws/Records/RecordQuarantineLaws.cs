using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IQuarantine"/>, as a record store's examiner offers it.</summary>
internal static class RecordQuarantineLaws
{
    private static readonly LawNeeds s_needs = LawNeeds.Quarantine | LawNeeds.Persistence | LawNeeds.SimulatedFiles;

    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        Add(
            "RQ1",
            "A quarantine of sound files changes and reports nothing; an open instance is refused with "
                + "Locked, another store's with ForeignFile, a cancelled token with OperationCanceledException, and "
                + "nothing has changed.",
            Refuses);
        Add(
            "RQ2",
            "After a quarantine of a damaged store it opens at the durable commit: what was readable is in "
                + "its place, what was lost is NotFound and was reported, and a damaged region costs the records in "
                + "it and no others; it takes more, and a second quarantine finds nothing.",
            Mends);
        Add(
            "RQ3",
            "A quarantine destroys nothing: the bytes of every file are there afterwards, under its name or "
                + "another.",
            Keeps);
        Add(
            "RQ4",
            "After a crash at any write boundary of a quarantine another one completes it, and it costs "
                + "nothing more.",
            Cut);

        void Add(string id, string text, Action<LawRun, ComponentSubject<IRecordStore>> check) =>
            suite.Add(RecordLaws.Must(id, text, s_needs), check);
    }

    private static void Refuses(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        long operations = world.Disk.Operations;
        List<Finding> found = [];
        QuarantineSummary summary = Quarantine(subject, world, found);
        LawRun.Require(
            found.Count == 0 && summary == default && world.Disk.Operations == operations,
            $"in sound files it finds {found.FirstOrDefault()}, says {summary}, or writes something");
        LawRun.Throws<OperationCanceledException>(
            () => Quarantine(subject, world, found, cancellation: new CancellationToken(canceled: true)),
            "a cancelled token");
        using (new Session<IRecordStore>(subject, world))
        {
            operations = world.Disk.Operations;
            LawRun.Refuses(
                StorageErrorCode.Locked, () => Quarantine(subject, world, found), "a quarantine of an open instance");
            LawRun.Require(world.Disk.Operations == operations, "a refused quarantine wrote something");
        }

        using SimWorld foreign = world.AfterProcessDeath(new Guid("00000000-0000-0000-0000-00000000f0f0"));
        operations = foreign.Disk.Operations;
        LawRun.Refuses(
            StorageErrorCode.ForeignFile, () => Quarantine(subject, foreign, found), "files of another store");
        LawRun.Require(foreign.Disk.Operations == operations, "refused files were written to");
        LawRun.Require(foreign.Disk.OpenHandles.Count == 0, "a refused quarantine left files open");
        using (Session<IRecordStore> still = new(subject, world))
        {
            RecordReading.SameWhole(journal.States[^1], still.Component, "after quarantines that found or did nothing");
        }
    }

    private static void Mends(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal journal = new();
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, journal);
        Random random = Seeds.Generator(run.Seed);
        bool isPlain = RecordDamage.IsPlain(world.Disk, journal.States[^1].Values);
        for (int i = 0; i < run.Scale(60, 600, 6000); i++)
        {
            using SimWorld damaged = world.AfterProcessDeath();
            RecordDamage damage = RecordDamage.Choose(damaged.Disk, random);
            List<Finding> found = [];
            if (damage.ApplyTo(damaged.Disk) && IsTaken(subject, damaged, found))
            {
                CheckMended(subject, damaged, journal, damage, isPlain, found.Count > 0);
            }
        }
    }

    private static void Keeps(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordDamageLaws.Written(subject, run.Seed, new RecordJournal());
        Random random = Seeds.Generator(run.Seed);
        for (int i = 0; i < run.Scale(60, 600, 6000); i++)
        {
            using SimWorld damaged = world.AfterProcessDeath();
            RecordDamage damage = RecordDamage.Choose(damaged.Disk, random);
            damage.ApplyTo(damaged.Disk);
            (string Path, byte[] Bytes)[] before = Files(damaged);
            IsTaken(subject, damaged, []);
            (string Path, byte[] Bytes)[] after = Files(damaged);
            foreach ((string path, byte[] bytes) in before)
            {
                LawRun.Require(
                    Array.Exists(after, file => file.Bytes.AsSpan().SequenceEqual(bytes)),
                    $"{damage}: no file has the bytes any more that {path} had");
            }
        }
    }

    private static void Cut(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        RecordJournal known = new();
        using SimWorld sound = RecordDamageLaws.Written(subject, run.Seed, known);
        bool isPlain = RecordDamage.IsPlain(sound.Disk, known.States[^1].Values);
        Random random = Seeds.Generator(run.Seed);
        for (int i = 0; i < run.Scale(6, 12, 60); i++)
        {
            RecordDamage damage = RecordDamage.Choose(sound.Disk, random);
            using SimWorld trial = sound.AfterProcessDeath();
            if (!damage.ApplyTo(trial.Disk) || !IsTaken(subject, trial, []))
            {
                continue;
            }

            CrashSweep.Run<List<Finding>>(
                () =>
                {
                    SimWorld damaged = sound.AfterProcessDeath();
                    damage.ApplyTo(damaged.Disk);
                    return damaged;
                },
                (world, found) => Quarantine(subject, world, found),
                (world, found) =>
                {
                    List<Finding> again = [.. found];
                    Quarantine(subject, world, again);
                    CheckMended(subject, world, known, damage, isPlain, again.Count > 0);
                },
                run.Scale(10, 60, 400),
                restarts: run.Scale(2, 0, 0));
        }
    }

    /// <summary>Opens what was mended and holds it against what was written.</summary>
    /// <param name="subject">The store's kind.</param>
    /// <param name="world">Where it is.</param>
    /// <param name="journal">What was written; its last commit was durable.</param>
    /// <param name="damage">What was done to the files.</param>
    /// <param name="isPlain">What the files were like.</param>
    /// <param name="isReported">The quarantine found something.</param>
    private static void CheckMended(
        ComponentSubject<IRecordStore> subject,
        SimWorld world,
        RecordJournal journal,
        RecordDamage damage,
        bool isPlain,
        bool isReported)
    {
        ImmutableSortedDictionary<ulong, KnownRecord> state;
        using (Session<IRecordStore> session = new(subject, world))
        {
            LawRun.Require(
                session.Component.DurableLsn.Value == (ulong)journal.Commits.Count,
                $"{damage}: after the quarantine DurableLsn is {session.Component.DurableLsn}, expected "
                    + $"{journal.Commits.Count}");
            state = Readable(session.Component, journal.States[^1], damage, isPlain, isReported);
            RecordReading.SameWhole(state, session.Component, $"{damage}, after the quarantine");
            RecordCommit more = RecordCommit.Of(
                session.Component, [LogJournal.Payload(77, RecordDamage.ShortestRecord)]);
            LawRun.Require(
                more.Puts[0].Location.Value > journal.States[^1].Keys.Max(),
                $"{damage}: after the quarantine a place is planned again");
            more.ApplyTo(session.Component, session.Component.AppliedLsn.Next);
            state = more.ApplyTo(state, session.Component.AppliedLsn.Value);
            session.Complete(session.Component.CheckpointAsync());
            world.Background.RunAll();
        }

        using (Session<IRecordStore> again = new(subject, world))
        {
            RecordReading.SameWhole(state, again.Component, $"{damage}, a quarantine, one more commit and a restart");
        }

        ExaminerChecks.Sound(subject.Examiner!, world);
        List<Finding> found = [];
        LawRun.Require(
            Quarantine(subject, world, found, durable: 5) == default && found.Count == 0,
            $"{damage}: a second quarantine finds {found.FirstOrDefault()}");
    }

    /// <summary>What of the known records is there still: in its place as it was, or NotFound.</summary>
    private static ImmutableSortedDictionary<ulong, KnownRecord> Readable(
        IRecordStore store,
        ImmutableSortedDictionary<ulong, KnownRecord> state,
        RecordDamage damage,
        bool isPlain,
        bool isReported)
    {
        ImmutableSortedDictionary<ulong, KnownRecord>.Builder readable = state.ToBuilder();
        List<ulong> lost = [];
        foreach ((ulong location, KnownRecord known) in state)
        {
            try
            {
                ReadRecord read = RecordReading.Read(store, location);
                bool isBack = known.IsDeleted && !read.Info.IsDeleted && isReported;
                readable[location] = known with { IsDeleted = known.IsDeleted && !isBack };
                LawRun.Require(
                    read.Equals(readable[location]),
                    $"{damage}: after the quarantine a read gives {read}, which was not put");
            }
            catch (StorageException error)
            {
                LawRun.Require(
                    error.Code == StorageErrorCode.NotFound,
                    $"{damage}: after the quarantine a read at {location:x} is refused with {error.Code}");
                readable.Remove(location);
                lost.Add(location);
            }
        }

        LawRun.Require(
            lost.Count == 0 || isReported, $"{damage}: {lost.Count} records are lost, and nothing was reported");
        damage.RequireCost(lost, readable.Keys, isPlain);
        return readable.ToImmutable();
    }

    /// <summary>Files that say they are of a newer format may be just that, and are left alone.</summary>
    private static bool IsTaken(ComponentSubject<IRecordStore> subject, SimWorld damaged, List<Finding> found)
    {
        long operations = damaged.Disk.Operations;
        try
        {
            Quarantine(subject, damaged, found);
            return true;
        }
        catch (StorageException error) when (error.Code == StorageErrorCode.FormatTooNew)
        {
            LawRun.Require(damaged.Disk.Operations == operations, "what is of a newer format was written to");
            return false;
        }
    }

    private static QuarantineSummary Quarantine(
        ComponentSubject<IRecordStore> subject, SimWorld world, List<Finding> found,
        ulong durable = 4, CancellationToken cancellation = default)
    {
        int handles = world.Disk.OpenHandles.Count;
        QuarantineSummary summary = ((IQuarantine)subject.Examiner!).Quarantine(
            world.Disk.Root.OpenDirectory(Session.InstanceName),
            world.StoreId,
            new Lsn(durable),
            found.Add,
            cancellation);
        LawRun.Require(world.Disk.OpenHandles.Count == handles, "a quarantine left files open");
        return summary;
    }

    private static (string Path, byte[] Bytes)[] Files(SimWorld world) =>
        [.. world.Disk.FilePaths().Select(path => (path, world.Disk.ReadAllBytes(path)))];
}
