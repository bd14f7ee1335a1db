using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>What a script did to an index and what the index promised.</summary>
internal sealed class IndexJournal
{
    /// <summary>All batches, by LSN from 1; the last may be one that never answered.</summary>
    public List<IndexChanges> Batches { get; } = [];

    /// <summary>The state after each LSN; at 0 the empty one.</summary>
    public List<ImmutableSortedDictionary<byte[], byte[]>> States { get; } = [IndexChanges.Empty];

    /// <summary>The newest LSN that was promised to be durable.</summary>
    public ulong Durable { get; set; }

    public ulong Begin(IndexChanges batch)
    {
        Batches.Add(batch);
        States.Add(batch.ApplyTo(States[^1]));
        return (ulong)Batches.Count;
    }
}

/// <summary>Runs a script on an index, keeps the journal, and holds an index against a journal.</summary>
internal sealed class IndexScript(ComponentSubject<IIndexFamily> subject, IReadOnlyList<IndexOp> ops)
{
    public void Run(SimWorld world, IndexJournal journal)
    {
        Session<IIndexFamily>? session = new(subject, world);
        try
        {
            foreach (IndexOp op in ops)
            {
                if (op.Kind == IndexOpKind.Reopen)
                {
                    session.Dispose();
                    session = null;
                    session = new Session<IIndexFamily>(subject, world);
                    CheckAndReplay(session, journal);
                }
                else
                {
                    Do(session, op, journal);
                }

                LawRun.Require(
                    session.Component.AppliedLsn.Value == (ulong)journal.Batches.Count,
                    $"AppliedLsn is {session.Component.AppliedLsn}, expected {journal.Batches.Count}");
            }

            IndexReading.SameWhole(journal.States[^1], session.Component, "after the script");
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>After a restart: exactly the state at DurableLsn, and after a replay the state before.</summary>
    public void Check(SimWorld world, IndexJournal journal)
    {
        using Session<IIndexFamily> session = new(subject, world);
        CheckAndReplay(session, journal);
        session.Complete(session.Component.CheckpointAsync());
        IndexReading.SameWhole(journal.States[^1], session.Component, "after replay and a checkpoint");
    }

    public static void CheckAndReplay(Session<IIndexFamily> session, IndexJournal journal)
    {
        IIndexFamily index = session.Component;
        ulong durable = index.DurableLsn.Value;
        bool persists = index.Traits.IsPersistent;
        LawRun.Require(
            !persists || durable >= journal.Durable,
            $"after opening again DurableLsn is {durable}; before, it had said {journal.Durable}, or a checkpoint "
                + "of that had completed");
        LawRun.Require(
            durable <= (ulong)journal.Batches.Count, $"DurableLsn is {durable}, and only {journal.Batches.Count} were "
                + "applied");
        LawRun.Require(
            index.AppliedLsn.Value == durable, $"after open AppliedLsn is {index.AppliedLsn}, DurableLsn {durable}");
        IndexReading.SameWhole(journal.States[(int)durable], index, $"after open at DurableLsn {durable}");
        for (ulong lsn = durable + 1; lsn <= (ulong)journal.Batches.Count; lsn++)
        {
            journal.Batches[(int)lsn - 1].ApplyTo(index, new Lsn(lsn));
            session.World.Background.AfterCall();
        }

        IndexReading.SameWhole(journal.States[^1], index, $"after a replay from {durable + 1}");
    }

    private static void Do(Session<IIndexFamily> session, IndexOp op, IndexJournal journal)
    {
        IIndexFamily index = session.Component;
        switch (op.Kind)
        {
            case IndexOpKind.Apply:
                Apply(index, op, journal);
                break;
            case IndexOpKind.Checkpoint:
                ulong applied = index.AppliedLsn.Value;
                session.Complete(index.CheckpointAsync());
                Promise(index, journal, applied);
                break;
            case IndexOpKind.CheckpointBeside:
                ulong captured = index.AppliedLsn.Value;
                ValueTask pending = index.CheckpointAsync();
                Apply(index, op, journal);
                session.Complete(pending);
                Promise(index, journal, captured);
                break;
            case IndexOpKind.Pack:
                ulong whole = index.AppliedLsn.Value;
                session.Complete(PackAsync(index));
                Promise(index, journal, whole);
                break;
            case IndexOpKind.PackBeside:
                ulong before = index.AppliedLsn.Value;
                ValueTask packing = PackAsync(index);
                Apply(index, op, journal);
                session.Complete(packing);
                Promise(index, journal, before);
                break;
            default:
                session.World.Background.RunAll();
                break;
        }

        session.World.Background.AfterCall();
    }

    private static ValueTask PackAsync(IIndexFamily index) =>
        index.TryGet(out IPackableIndex? packable) ? packable.PackAsync() : index.CheckpointAsync();

    private static void Promise(IIndexFamily index, IndexJournal journal, ulong captured)
    {
        if (index.Traits.IsPersistent)
        {
            LawRun.Require(
                index.DurableLsn.Value >= captured, $"a checkpoint at {captured} left DurableLsn {index.DurableLsn}");
            journal.Durable = Math.Max(journal.Durable, index.DurableLsn.Value);
        }
    }

    private static void Apply(IIndexFamily index, IndexOp op, IndexJournal journal)
    {
        IndexChanges batch = IndexChanges.Random(op.Seed, op.Changes);
        ulong lsn = journal.Begin(batch);
        batch.ApplyTo(index, new Lsn(lsn));
    }
}
