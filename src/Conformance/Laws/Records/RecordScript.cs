using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>What a script did to a store and what the store promised.</summary>
internal sealed class RecordJournal
{
    /// <summary>All commits, by LSN from 1; the last may be one that never answered.</summary>
    public List<RecordCommit> Commits { get; } = [];

    /// <summary>The state after each LSN; at 0 the empty one.</summary>
    public List<ImmutableSortedDictionary<ulong, KnownRecord>> States { get; } =
        [ImmutableSortedDictionary<ulong, KnownRecord>.Empty];

    /// <summary>The newest LSN that was promised to be durable.</summary>
    public ulong Durable { get; set; }

    public ulong Begin(RecordCommit commit)
    {
        Commits.Add(commit);
        ulong lsn = (ulong)Commits.Count;
        States.Add(commit.ApplyTo(States[^1], lsn));
        return lsn;
    }
}

/// <summary>Runs a script on a record store, keeps the journal, and holds a store against a journal.</summary>
internal sealed class RecordScript(ComponentSubject<IRecordStore> subject, IReadOnlyList<RecordOp> ops)
{
    public void Run(SimWorld world, RecordJournal journal)
    {
        Session<IRecordStore>? session = new(subject, world);
        try
        {
            foreach (RecordOp op in ops)
            {
                if (op.Kind == RecordOpKind.Reopen)
                {
                    session.Dispose();
                    session = null;
                    session = new Session<IRecordStore>(subject, world);
                    CheckAndReplay(session, journal);
                }
                else
                {
                    Do(session, op, journal);
                }

                LawRun.Require(
                    session.Component.AppliedLsn.Value == (ulong)journal.Commits.Count,
                    $"AppliedLsn is {session.Component.AppliedLsn}, expected {journal.Commits.Count}");
            }

            RecordReading.SameWhole(journal.States[^1], session.Component, "after the script");
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>After a restart: exactly the state at DurableLsn, and after a replay the state before.</summary>
    public void CheckOpen(SimWorld world, RecordJournal journal)
    {
        using Session<IRecordStore> session = new(subject, world);
        CheckAndReplay(session, journal);
        session.Complete(session.Component.CheckpointAsync());
    }

    /// <summary>As <see cref="CheckOpen"/>, and that the store works on.</summary>
    public void Check(SimWorld world, RecordJournal journal)
    {
        using Session<IRecordStore> session = new(subject, world);
        CheckAndReplay(session, journal);
        session.Complete(session.Component.CheckpointAsync());
        ulong lsn = (ulong)journal.Commits.Count + 1;
        RecordCommit more = RecordCommit.Plan(session.Component, 17, 3, journal.States[^1]);
        more.ApplyTo(session.Component, new Lsn(lsn));
        RecordReading.SameWhole(
            more.ApplyTo(journal.States[^1], lsn), session.Component, "after replay, a checkpoint and one more commit");
    }

    private static void CheckAndReplay(Session<IRecordStore> session, RecordJournal journal)
    {
        IRecordStore store = session.Component;
        ulong durable = store.DurableLsn.Value;
        LawRun.Require(
            durable >= journal.Durable,
            $"after opening again DurableLsn is {durable}; before, it had said {journal.Durable}, or a checkpoint "
                + "of that had completed");
        LawRun.Require(
            durable <= (ulong)journal.Commits.Count, $"DurableLsn is {durable}, and only {journal.Commits.Count} were "
                + "applied");
        LawRun.Require(
            store.AppliedLsn.Value == durable, $"after open AppliedLsn is {store.AppliedLsn}, DurableLsn {durable}");
        RecordReading.SameWhole(journal.States[(int)durable], store, $"after open at DurableLsn {durable}");

        // From one commit earlier: what is there already must be ignored.
        for (ulong lsn = Math.Max(1, durable); lsn <= (ulong)journal.Commits.Count; lsn++)
        {
            journal.Commits[(int)lsn - 1].ApplyTo(store, new Lsn(lsn));
            session.World.Background.AfterCall();
        }

        RecordReading.SameWhole(journal.States[^1], store, $"after a replay from {durable}");
    }

    private static void Do(Session<IRecordStore> session, RecordOp op, RecordJournal journal)
    {
        IRecordStore store = session.Component;
        switch (op.Kind)
        {
            case RecordOpKind.Apply:
                Apply(store, op, journal);
                break;
            case RecordOpKind.Checkpoint:
                ulong applied = store.AppliedLsn.Value;
                session.Complete(store.CheckpointAsync());
                Promise(store, journal, applied);
                break;
            case RecordOpKind.CheckpointBeside:
                ulong captured = store.AppliedLsn.Value;
                ValueTask pending = store.CheckpointAsync();
                Apply(store, op, journal);
                session.Complete(pending);
                Promise(store, journal, captured);
                break;
            default:
                session.World.Background.RunAll();
                break;
        }

        session.World.Background.AfterCall();
    }

    private static void Promise(IRecordStore store, RecordJournal journal, ulong captured)
    {
        LawRun.Require(
            store.DurableLsn.Value >= captured, $"a checkpoint at {captured} left DurableLsn {store.DurableLsn}");
        journal.Durable = Math.Max(journal.Durable, store.DurableLsn.Value);
    }

    private static void Apply(IRecordStore store, RecordOp op, RecordJournal journal)
    {
        RecordCommit commit = RecordCommit.Plan(store, op.Seed, op.Puts, journal.States[^1]);
        ulong lsn = journal.Begin(commit);
        commit.ApplyTo(store, new Lsn(lsn));
    }
}
