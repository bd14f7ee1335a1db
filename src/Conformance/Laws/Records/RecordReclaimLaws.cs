using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>The laws of <see cref="IReclaimable"/>.</summary>
internal static class RecordReclaimLaws
{
    private const int BodyBytes = 700;
    private const int RecordsPerCommit = 4;
    private const int MaxCommits = 2000;

    public static void AddTo(LawSuite<ComponentSubject<IRecordStore>> suite)
    {
        const LawNeeds Durable = LawNeeds.Reclaiming | LawNeeds.Persistence;
        suite
            .Add(
                RecordLaws.Must("RC1", "GetUsage names segments in order and counts each record in one of them; "
                    + "ScanSegment gives its live records, in order.", LawNeeds.Reclaiming),
                Counts)
            .Add(
                RecordLaws.Must("RC2", "Reclaiming drops the records of its segment and no others; their locations "
                    + "are NotFound and never planned again, also after a restart.", Durable),
                DropsItsOwn)
            .Add(
                RecordLaws.Must("RC3", "A segment that is not sealed, or holds a record that is live or was at the "
                    + "last checkpoint, is refused, and nothing has changed.", LawNeeds.Reclaiming),
                Refuses)
            .Add(
                RecordLaws.Must("RC4", "After a crash at any write boundary a segment is there whole or gone whole, "
                    + "gone when reclaiming had returned, and DurableLsn has not moved.", Durable),
                Cut)
            .Add(
                RecordLaws.Must("RC5", "A location is never given out twice, also when all that there was is reclaimed "
                    + "and the store is opened again.", Durable),
                NeverTwice);
    }

    private static void NeverTwice(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        Journal journal = new();
        ulong highest;
        using (Session<IRecordStore> session = new(subject, world))
        {
            // Best of all when the last record has just sealed its segment: then nothing has to be left.
            Fill(session, journal);
            for (int i = 0; i < MaxCommits / 10 && !Of(session).GetUsage()[^1].IsSealed; i++)
            {
                Commit(session, journal);
            }

            highest = journal.State.Keys.Max();
            Delete(session, journal, journal.State.Keys);
            session.Complete(session.Component.CheckpointAsync());
            foreach (SegmentUsage segment in Of(session).GetUsage())
            {
                if (segment.IsSealed)
                {
                    session.Complete(Of(session).ReclaimAsync(segment.Segment));
                }
            }

            RequireBehind(session.Component, highest, "after all that could be was reclaimed");
        }

        using Session<IRecordStore> again = new(subject, world);
        RequireBehind(again.Component, highest, "after a restart");
    }

    private static void RequireBehind(IRecordStore store, ulong highest, string when)
    {
        RecordLocation[] next = new RecordLocation[1];
        store.Plan([1], next);
        LawRun.Require(
            next[0].Value > highest,
            $"{when} the next record goes to {next[0]}, and {new RecordLocation(highest)} was given out before: an "
                + "index entry that is late would name another record");
    }

    private static void Counts(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        Journal journal = new();
        Fill(session, journal);
        RequireCounts(session, journal);
        DeleteSome(session, journal, run.Seed);
        RequireCounts(session, journal);
    }

    private static void DropsItsOwn(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        Journal journal = new();
        using (Session<IRecordStore> session = new(subject, world))
        {
            Fill(session, journal);
            int victim = Of(session).GetUsage()[0].Segment;
            List<ulong> gone = DeleteAll(session, journal, victim);
            session.Complete(session.Component.CheckpointAsync());
            session.Complete(Of(session).ReclaimAsync(victim));
            journal.Forget(gone);
            RequireGone(session.Component, gone, "after reclaiming");
            RecordReading.SameWhole(journal.State, session.Component, "after reclaiming");
        }

        using Session<IRecordStore> again = new(subject, world);
        RecordReading.SameWhole(journal.State, again.Component, "after a restart");
        RequireGone(again.Component, journal.Gone, "after a restart");
        for (int i = 0; i < 20; i++)
        {
            Commit(again, journal);
        }

        LawRun.Require(
            !journal.State.Keys.Any(journal.Gone.Contains), "a location of a reclaimed segment was planned again");
    }

    private static void Refuses(LawRun run, ComponentSubject<IRecordStore> subject)
    {
        using SimWorld world = RecordLaws.World(run.Seed);
        using Session<IRecordStore> session = new(subject, world);
        Journal journal = new();
        Fill(session, journal);
        session.Complete(session.Component.CheckpointAsync());
        IReadOnlyList<SegmentUsage> usage = Of(session).GetUsage();
        int victim = usage[0].Segment;
        RequireRefused(session, journal, victim, "with live records");
        RequireRefused(session, journal, usage[^1].Segment, "that is being filled");
        DeleteAll(session, journal, victim);

        // A crash now would bring them back: the deletions are not in a checkpoint yet.
        RequireRefused(session, journal, victim, "whose records are live in the last checkpoint");
    }

    private static void Cut(LawRun run, ComponentSubject<IRecordStore> subject) =>
        CrashSweep.Run<Journal>(
            () => RecordLaws.World(run.Seed),
            (world, journal) => ReclaimIn(subject, world, journal),
            (world, journal) => CheckCut(subject, world, journal),
            run.Scale(20, 100, 1000),
            restarts: run.Scale(3, 0, 0));

    private static void ReclaimIn(ComponentSubject<IRecordStore> subject, SimWorld world, Journal journal)
    {
        using Session<IRecordStore> session = new(subject, world);
        Fill(session, journal);
        int victim = Of(session).GetUsage()[0].Segment;
        List<ulong> gone = DeleteAll(session, journal, victim);
        session.Complete(session.Component.CheckpointAsync());
        journal.Checkpointed = session.Component.AppliedLsn;
        journal.Gone.UnionWith(gone);
        session.Complete(Of(session).ReclaimAsync(victim));
        journal.HasReclaimed = true;
        LawRun.Require(
            session.Component.DurableLsn == journal.Checkpointed,
            $"reclaiming moved DurableLsn from {journal.Checkpointed} to {session.Component.DurableLsn}");
    }

    private static void CheckCut(ComponentSubject<IRecordStore> subject, SimWorld world, Journal journal)
    {
        if (journal.Checkpointed == Lsn.None)
        {
            // The power went before there was anything to reclaim: other laws look at that.
            return;
        }

        using Session<IRecordStore> session = new(subject, world);
        IRecordStore store = session.Component;
        LawRun.Require(
            store.DurableLsn == journal.Checkpointed,
            $"the store opens at {store.DurableLsn}, its last checkpoint was at {journal.Checkpointed}");
        int found = journal.Gone.Count(location => IsThere(store, location));
        LawRun.Require(
            found == 0 || (found == journal.Gone.Count && !journal.HasReclaimed),
            $"{found} of {journal.Gone.Count} records of a segment are there"
                + (journal.HasReclaimed ? " that was reclaimed" : " after a cut"));
        ImmutableSortedDictionary<ulong, KnownRecord> expected =
            found == 0 ? journal.State.RemoveRange(journal.Gone) : journal.State;
        RecordReading.SameWhole(expected, store, "after a cut");
    }

    private static bool IsThere(IRecordStore store, ulong location)
    {
        try
        {
            store.Read(new RecordLocation(location)).Dispose();
            return true;
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.NotFound)
        {
            return false;
        }
    }

    private static void RequireGone(IRecordStore store, IEnumerable<ulong> gone, string when)
    {
        foreach (ulong location in gone)
        {
            LawRun.Require(!IsThere(store, location), $"{when} the record at {location:x} is still there");
        }
    }

    private static void RequireRefused(Session<IRecordStore> session, Journal journal, int segment, string which)
    {
        bool isRefused = false;
        try
        {
            session.Complete(Of(session).ReclaimAsync(segment));
        }
        catch (InvalidOperationException)
        {
            isRefused = true;
        }

        LawRun.Require(isRefused, $"a segment {which} was reclaimed");
        RecordReading.SameWhole(journal.State, session.Component, $"after refusing a segment {which}");
    }

    private static void RequireCounts(Session<IRecordStore> session, Journal journal)
    {
        long live = 0;
        long dead = 0;
        int before = int.MinValue;
        List<ulong> scanned = [];
        foreach (SegmentUsage usage in Of(session).GetUsage())
        {
            LawRun.Require(usage.Segment > before, "segments are not in ascending order");
            before = usage.Segment;
            RecordCollector sink = new();
            Of(session).ScanSegment(usage.Segment, ref sink);
            LawRun.Require(
                sink.Records.Count == usage.LiveRecords
                    && sink.Records.Sum(r => (long)r.Body.Length) == usage.LiveBytes,
                $"segment {usage.Segment} counts {usage.LiveRecords} live records of {usage.LiveBytes} bytes, a scan "
                    + "gives "
                    + $"{sink.Records.Count} of {sink.Records.Sum(r => (long)r.Body.Length)}");
            scanned.AddRange(sink.Records.Select(r => r.Location));
            live += usage.LiveRecords;
            dead += usage.DeadRecords;
        }

        ulong[] expected = [.. journal.State.Where(pair => !pair.Value.IsDeleted).Select(pair => pair.Key)];
        LawRun.Require(scanned.SequenceEqual(expected), "the segments' scans are not the live records in order");
        RecordStoreStatistics all = session.Component.Statistics;
        LawRun.Require(
            live == all.LiveRecords && dead == all.DeadRecords,
            $"segments count {live} live and {dead} deleted records, the store "
                + $"{all.LiveRecords} and {all.DeadRecords}");
    }

    private static void Fill(Session<IRecordStore> session, Journal journal)
    {
        for (int i = 0; Of(session).GetUsage().Count < 3; i++)
        {
            LawRun.Require(i < MaxCommits, $"{MaxCommits} commits fill no three segments; make segments small");
            Commit(session, journal);
        }
    }

    private static void Commit(Session<IRecordStore> session, Journal journal)
    {
        ulong lsn = session.Component.AppliedLsn.Value + 1;
        List<byte[]> bodies =
            [

                .. Enumerable.Range(0, RecordsPerCommit)
                    .Select(i => LogJournal.Payload((lsn * 10) + (ulong)i, BodyBytes))
            ];
        Apply(session, journal, RecordCommit.Of(session.Component, bodies), lsn);
    }

    private static List<ulong> DeleteAll(Session<IRecordStore> session, Journal journal, int segment)
    {
        RecordCollector sink = new();
        Of(session).ScanSegment(segment, ref sink);
        Delete(session, journal, sink.Records.Select(r => r.Location));
        return [.. sink.Records.Select(r => r.Location)];
    }

    private static void DeleteSome(Session<IRecordStore> session, Journal journal, ulong seed) =>
        Delete(session, journal, journal.State.Keys.Where(location => (location ^ seed) % 3 == 0).ToArray());

    private static void Delete(Session<IRecordStore> session, Journal journal, IEnumerable<ulong> locations)
    {
        RecordCommit commit = new();
        commit.Deletes.AddRange(locations.Select(location => new RecordLocation(location)));
        Apply(session, journal, commit, session.Component.AppliedLsn.Value + 1);
    }

    private static void Apply(Session<IRecordStore> session, Journal journal, RecordCommit commit, ulong lsn)
    {
        commit.ApplyTo(session.Component, new Lsn(lsn));
        journal.State = commit.ApplyTo(journal.State, lsn);
        session.World.Background.AfterCall();
    }

    private static IReclaimable Of(Session<IRecordStore> session) =>
        session.Component.TryGet(out IReclaimable? reclaimable)
            ? reclaimable
            : throw new LawBrokenException("it offered IReclaimable before, and does not now");

    private sealed class Journal
    {
        public ImmutableSortedDictionary<ulong, KnownRecord> State { get; set; } =
            ImmutableSortedDictionary<ulong, KnownRecord>.Empty;

        /// <summary>Locations of a segment that was, or may have been, reclaimed.</summary>
        public HashSet<ulong> Gone { get; } = [];

        public Lsn Checkpointed { get; set; }

        public bool HasReclaimed { get; set; }

        public void Forget(List<ulong> gone)
        {
            Gone.UnionWith(gone);
            State = State.RemoveRange(gone);
        }
    }
}
