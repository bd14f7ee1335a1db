using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Brings the record store and all live families up to the end of the log.</summary>
/// <remarks>One pass over the log from the part that lags most. Parts that cover a commit already skip it. Index changes
/// of many commits are gathered into one sorted batch, which is both faster and the same: mutations are absolute.</remarks>
internal sealed class LogReplay(OpenedParts parts, Lsn checkpoint)
{
    /// <summary>Gathered index changes are applied beyond this many bytes.</summary>
    private const long GatherBytes = 32 << 20;

    private readonly List<RecordMutation> _mutations = [];
    private Lsn _recordsCovered;
    private Lsn _last;
    private CancellationToken _cancellation;
    private OpeningWatch _watch = null!;

    /// <summary>Commits that were read.</summary>
    public long Commits { get; private set; }

    /// <summary>Replays.</summary>
    /// <param name="recordsCovered">The record store contains every commit up to here.</param>
    /// <param name="watch">Told of each commit.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>; what was applied stays applied.</param>
    public async ValueTask RunAsync(Lsn recordsCovered, OpeningWatch watch, CancellationToken cancellation)
    {
        _recordsCovered = recordsCovered;
        _cancellation = cancellation;
        _watch = watch;
        Lsn covered = recordsCovered;
        foreach (FamilyState family in parts.Families)
        {
            if (family.IsLive)
            {
                // Partitions that cover less are rebuilt; those that cover more pass over what they have.
                covered = Lsn.Min(covered, checkpoint);
                family.ReplayEnd = parts.Log.LastLsn;
            }
        }

        Lsn from = Lsn.Max(covered.Next, parts.Log.FirstLsn);
        if (from <= parts.Log.LastLsn)
        {
            watch.Enter(OpeningPhase.Replay, (long)(parts.Log.LastLsn.Value - from.Value + 1));
            _last = new Lsn(from.Value - 1);
            while (_last < parts.Log.LastLsn)
            {
                var sink = new Sink(this);
                parts.Log.Replay(_last.Next, ref sink);
                if (parts.Indexes.IsOverfull)
                {
                    await parts.Indexes.MakeRoomAsync(parts.Log, _last).ConfigureAwait(false);
                }
            }
        }

        ApplyFamilies(parts.Log.LastLsn);
        foreach (FamilyState family in parts.Families)
        {
            family.ReplayEnd = null;
            if (family.IsLive)
            {
                family.Cover(parts.Log.LastLsn);
            }
        }
    }

    /// <returns>False when too many partitions are open to go on.</returns>
    private bool Commit(Lsn lsn, ReadOnlySpan<byte> payload)
    {
        _cancellation.ThrowIfCancellationRequested();
        CommitFormat.Read(lsn, payload, _mutations);
        ReadOnlySpan<RecordMutation> mutations = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_mutations);
        if (lsn > _recordsCovered)
        {
            parts.Records.Apply(new RecordBatch(lsn, payload, mutations));
        }

        foreach (ref readonly RecordMutation mutation in mutations)
        {
            if (mutation.Operation == RecordOperation.Put)
            {
                Project(IndexOperation.Set, lsn, mutation.Location, payload.Slice(mutation.Offset, mutation.Length));
            }
            else if (parts.Families.Exists(static f => f.IsLive))
            {
                using RecordLease lease = parts.Records.Read(mutation.Location);
                Project(IndexOperation.Remove, lsn, mutation.Location, lease.Bytes);
            }
        }

        Commits++;
        _watch.Advance();
        long gathered = 0;
        foreach (FamilyState family in parts.Families)
        {
            gathered += family.PendingBytes();
        }

        _last = lsn;
        bool isOverfull = parts.Indexes.IsOverfull;
        if (gathered > GatherBytes || isOverfull)
        {
            ApplyFamilies(lsn);
        }

        return !isOverfull;
    }

    private void Project(IndexOperation operation, Lsn lsn, RecordLocation location, ReadOnlySpan<byte> record)
    {
        foreach (FamilyState family in parts.Families)
        {
            if (family.IsLive)
            {
                family.Project(operation, lsn, location, record);
            }
        }
    }

    private void ApplyFamilies(Lsn lsn)
    {
        foreach (FamilyState family in parts.Families)
        {
            family.ApplyPending(lsn);
        }
    }

    private readonly struct Sink(LogReplay replay) : ILogSink
    {
        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            return replay.Commit(lsn, payload);
        }
    }
}
