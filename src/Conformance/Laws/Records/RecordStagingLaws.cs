using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IRecordStaging"/>.</summary>
internal static class RecordStagingLaws
{
    private const int BodyBytes = 300;
    private const int RecordsPerCommit = 3;
    private const int Commits = 12;

    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite) => suite
        .Add(
            RecordLaws.Must("SG1", "What is staged is in no read, scan or count until its commit is applied; unstaged, "
                + "its place is planned again, and its check fits nothing that comes there.", LawNeeds.Staging),
            IsNoPart)
        .Add(
            RecordLaws.Must(
                "SG2",
                "After a crash at any write boundary what SyncStaged returned for is whole at its place, "
                + "and a staged reader gives a body exactly or not at all; what is applied then and synced again "
                + "survives Unstage.",
                LawNeeds.Staging | LawNeeds.Persistence),
            Cut);

    private static void IsNoPart(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        Journal journal = new();
        for (int i = 0; i < Commits; i++)
        {
            RecordCommit commit = Prepare(session, journal);
            Staged dropped = Stage(session, journal, commit);
            RequireUntouched(session, journal);
            if (!dropped.IsTaken)
            {
                Apply(session, journal, commit);
                continue;
            }

            LawRun.Require(Reads(subject, world, dropped) == RecordsPerCommit, "what was staged cannot be read");
            if (i % 3 != 0)
            {
                Apply(session, journal, commit);
                RecordReading.SameWhole(journal.State, session.Component, "after applying what was staged");
                continue;
            }

            Of(session).Unstage();
            RequireUntouched(session, journal);
            LawRun.Require(Reads(subject, world, dropped) == 0, "what was unstaged is still there");
            RecordCommit other = Prepare(session, journal);
            LawRun.Require(other.Puts[0].Location == commit.Puts[0].Location, "a dropped place is not planned again");
            Staged next = Stage(session, journal, other);
            Apply(session, journal, other);
            LawRun.Require(
                Reads(subject, world, dropped) == 0, "a check of what was dropped fits what came in its place");
            LawRun.Require(
                !next.IsTaken || Reads(subject, world, next) == RecordsPerCommit, "what was applied cannot be read");
            RecordReading.SameWhole(journal.State, session.Component, "after dropping what was staged");
        }
    }

    private static void Cut(LawRun run, ComponentSubject<IRecordStore> subject) =>
        CrashSweep.Run<Journal>(
            () => RecordLaws.World(run.Seed),
            (world, journal) => Live(subject, world, journal),
            (world, journal) => CheckCut(subject, world, journal),
            run.Scale(20, 100, 1000),
            restarts: run.Scale(3, 0, 0));

    private static void Live(ComponentSubject<IRecordStore> subject, SimWorld world, Journal journal)
    {
        using Session<IRecordStore> session = new(subject, world);
        for (int i = 0; i < Commits; i++)
        {
            RecordCommit commit = Prepare(session, journal);
            Staged staged = Stage(session, journal, commit);
            if (i % 5 == 3)
            {
                // As after a log that took no more.
                Of(session).Unstage();
                journal.Log.RemoveAt(journal.Log.Count - 1);
                continue;
            }

            if (i % 2 == 0)
            {
                Of(session).SyncStaged();
                journal.Promised = staged.Lsn;
            }

            Apply(session, journal, commit);
            if (i % 5 == 4)
            {
                session.Complete(session.Component.CheckpointAsync());
                journal.Promised = staged.Lsn;
            }
        }
    }

    private static void CheckCut(ComponentSubject<IRecordStore> subject, SimWorld world, Journal journal)
    {
        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        Lsn durable = store.DurableLsn;
        ImmutableSortedDictionary<ulong, KnownRecord> state = ImmutableSortedDictionary<ulong, KnownRecord>.Empty;
        foreach (Staged commit in journal.Log)
        {
            // What was not taken is in the log itself.
            bool isThere = commit.Lsn <= durable
                || !commit.IsTaken
                || Reads(subject, world, commit) == RecordsPerCommit;
            LawRun.Require(
                isThere || commit.Lsn > journal.Promised,
                $"commit {commit.Lsn} is not whole, which SyncStaged returned for");
            if (!isThere)
            {
                break;
            }

            commit.Commit.ApplyTo(store, commit.Lsn);
            state = commit.Commit.ApplyTo(state, commit.Lsn.Value);
        }

        Of(session).SyncStaged();
        Of(session).Unstage();
        RecordReading.SameWhole(state, store, "after a cut and a replay");
        foreach (Staged commit in journal.Log)
        {
            bool isApplied = commit.Lsn <= store.AppliedLsn;
            LawRun.Require(
                isApplied || !commit.IsTaken || Reads(subject, world, commit) == 0,
                $"commit {commit.Lsn} was not applied, and is still there after Unstage");
        }

        Lsn last = store.AppliedLsn;
        using SimWorld again = world.AfterPowerCut(world.Seed, CrashModel.Reordered);
        foreach (Staged commit in journal.Log.Where(c => c.IsTaken && c.Lsn > durable && c.Lsn <= last))
        {
            LawRun.Require(
                Reads(subject, again, commit) == RecordsPerCommit, $"commit {commit.Lsn} was synced anew, and is gone");
        }
    }

    private static RecordCommit Prepare(Session<IRecordStore> session, Journal journal)
    {
        journal.Bodies++;
        return RecordCommit.Of(
            session.Component,
            [
                .. Enumerable.Range(0, RecordsPerCommit)
                    .Select(i => LogJournal.Payload((ulong)((journal.Bodies * 10) + i), BodyBytes))
            ]);
    }

    private static Staged Stage(Session<IRecordStore> session, Journal journal, RecordCommit commit)
    {
        Lsn lsn = session.Component.AppliedLsn.Next;
        byte[] arena = [.. commit.Puts.SelectMany(put => put.Body)];
        StagedRecord[] records =
        [
            .. commit.Puts.Select((put, i) => new StagedRecord(lsn, put.Location, i * BodyBytes, put.Body.Length)),
        ];
        ulong[] checks = new ulong[records.Length];
        bool isTaken = Of(session).TryStage(arena, records, checks);
        var staged = new Staged(lsn, commit, records, checks, isTaken);
        journal.Log.Add(staged);
        return staged;
    }

    private static void Apply(Session<IRecordStore> session, Journal journal, RecordCommit commit)
    {
        Lsn lsn = session.Component.AppliedLsn.Next;
        commit.ApplyTo(session.Component, lsn);
        journal.State = commit.ApplyTo(journal.State, lsn.Value);
        session.World.Background.AfterCall();
    }

    private static void RequireUntouched(Session<IRecordStore> session, Journal journal)
    {
        LawRun.Require(
            session.Component.Statistics.LiveRecords == journal.State.Count,
            "what is staged is counted before it is applied");
        RecordReading.SameWhole(journal.State, session.Component, "while something is staged");
    }

    /// <summary>How many records of a commit a staged reader gives; each as it was staged.</summary>
    private static int Reads(ComponentSubject<IRecordStore> subject, SimWorld world, Staged commit)
    {
        using IStagedReader reader = ((IStagedRecords)subject.Examiner!).OpenStaged(
            world.Directory(Session.InstanceName), world.StoreId);
        int found = 0;
        for (int i = 0; i < commit.Records.Length; i++)
        {
            byte[] body = new byte[commit.Records[i].Length];
            if (reader.TryRead(commit.Records[i], commit.Checks[i], body))
            {
                LawRun.Require(
                    body.AsSpan().SequenceEqual(commit.Commit.Puts[i].Body),
                    $"a body of commit {commit.Lsn} is another one");
                LawRun.Require(
                    !reader.TryRead(commit.Records[i], ~commit.Checks[i], body)
                        && !reader.TryRead(commit.Records[i] with { Lsn = commit.Lsn.Next }, commit.Checks[i], body),
                    "a staged reader gives a record for another one");
                found++;
            }
        }

        return found;
    }

    private static IRecordStaging Of(Session<IRecordStore> session) =>
        session.Component.TryGet(out IRecordStaging? staging)
            ? staging
            : throw new LawBrokenException("it offered IRecordStaging before, and does not now");

    private sealed record Staged(Lsn Lsn, RecordCommit Commit, StagedRecord[] Records, ulong[] Checks, bool IsTaken);

    private sealed class Journal
    {
        public ImmutableSortedDictionary<ulong, KnownRecord> State { get; set; } =
            ImmutableSortedDictionary<ulong, KnownRecord>.Empty;

        /// <summary>What a log would have, in order.</summary>
        public List<Staged> Log { get; } = [];

        /// <summary>Every commit up to here is whole after a crash.</summary>
        public Lsn Promised { get; set; }

        public int Bodies { get; set; }
    }
}
