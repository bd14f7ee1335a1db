using System.Runtime.InteropServices;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Brings the record store and all live families up to the end of the log.</summary>
/// <remarks>
/// One pass over the log from the part that lags most. The opening thread decodes and fills the record store; each
/// family takes the decoded changes in a lane of its own while the next stretch is decoded. The result does not depend
/// on how the lanes run: a family sees all changes in order, and nobody else's. Parts that cover a commit already skip
/// it. Index changes of many commits are gathered into one sorted batch, which is both faster and the same: mutations
/// are absolute.
/// </remarks>
internal sealed class LogReplay(OpenedParts parts, Lsn checkpoint)
{
    /// <summary>Changes that all families together gather before they apply them, in bytes.</summary>
    private const long GatherBytes = 32 << 20;

    private readonly List<RecordMutation> _mutations = [];
    private readonly long _chunkBytes = parts.Composition.Options.ReplayChunk.Bytes;
    private Lsn _recordsCovered;
    private OpeningWatch _watch = null!;
    private CancellationToken _cancellation;

    /// <summary>Commits that were read.</summary>
    public long Commits { get; private set; }

    /// <summary>Replays.</summary>
    /// <param name="recordsCovered">The record store contains every commit up to here.</param>
    /// <param name="watch">Told of each commit.</param>
    /// <param name="cancellation">Stops with <see cref="OperationCanceledException"/>; what was applied stays applied.</param>
    public async ValueTask RunAsync(Lsn recordsCovered, OpeningWatch watch, CancellationToken cancellation)
    {
        _recordsCovered = recordsCovered;
        _watch = watch;
        _cancellation = cancellation;
        List<FamilyState> live = parts.Families.FindAll(static f => f.IsLive);
        Lsn last = parts.Log.LastLsn;

        // Partitions that cover less than the checkpoint are rebuilt; those that cover more pass over what they have. Which
        // ranges were dropped since the checkpoint is in the log alone.
        Lsn covered = Lsn.Min(recordsCovered, checkpoint);
        Lsn from = Lsn.Max(covered.Next, parts.Log.FirstLsn);
        live.ForEach(family => family.ReplayEnd = last);
        if (from <= last)
        {
            watch.Enter(OpeningPhase.Replay, (long)(last.Value - from.Value + 1));
            await ReplayAsync(live, from, last).ConfigureAwait(false);
        }

        foreach (FamilyState family in live)
        {
            family.ApplyPending(last);
            family.ReplayEnd = null;
            if (family.IsLive)
            {
                family.Cover(last);
            }
        }
    }

    private async ValueTask ReplayAsync(List<FamilyState> live, Lsn from, Lsn last)
    {
        StoreComposition stack = parts.Composition;
        List<ReplayLane> lanes = live.ConvertAll(family => new ReplayLane(
            family, parts.Indexes, GatherBytes / live.Count, stack.Options.ParallelReplay ? stack.Background : null));
        try
        {
            var decoded = new ReplayChunk();
            var applied = new ReplayChunk();
            Task applying = Task.CompletedTask;
            while (from <= last)
            {
                decoded.Clear();
                from = Decode(from, decoded);
                await FinishAsync(lanes, applying, applied).ConfigureAwait(false);
                (decoded, applied) = (applied, decoded);
                ReplayChunk next = applied;
                applying = Task.WhenAll(lanes.ConvertAll(lane => lane.ApplyAsync(next)));
            }

            await FinishAsync(lanes, applying, applied).ConfigureAwait(false);
        }
        finally
        {
            foreach (ReplayLane lane in lanes)
            {
                await lane.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    /// <summary>Waits for the lanes, and makes room when they stopped because too many partitions are open.</summary>
    private async ValueTask FinishAsync(List<ReplayLane> lanes, Task applying, ReplayChunk chunk)
    {
        await applying.ConfigureAwait(false);
        while (parts.Indexes.IsOverfull || lanes.Exists(static lane => !lane.IsDone))
        {
            lanes.ForEach(static lane => lane.Flush());
            await parts.Indexes.MakeRoomAsync(parts.Log, chunk.LastLsn).ConfigureAwait(false);
            await Task.WhenAll(lanes.FindAll(static lane => !lane.IsDone).ConvertAll(static lane => lane.GoOnAsync()))
                .ConfigureAwait(false);
        }
    }

    /// <summary>Reads commits until a chunk is full or the log ends.</summary>
    /// <returns>The first commit that was not read.</returns>
    private Lsn Decode(Lsn from, ReplayChunk chunk)
    {
        var sink = new Sink(this, chunk);
        return parts.Log.Replay(from, ref sink);
    }

    private bool Commit(Lsn lsn, ReadOnlySpan<byte> payload, ReplayChunk chunk)
    {
        _cancellation.ThrowIfCancellationRequested();
        CommitFormat.Read(lsn, payload, _mutations, out LoggedDrop? dropped);
        ReadOnlySpan<RecordMutation> mutations = CollectionsMarshal.AsSpan(_mutations);
        if (lsn > _recordsCovered)
        {
            parts.Records.Apply(new RecordBatch(lsn, payload, mutations));
        }

        if (dropped is { } drop)
        {
            chunk.AddDrop(lsn, drop.Range);
            if (drop.LeavesRecords && lsn > checkpoint)
            {
                parts.Drops.Add(new PendingDrop(drop.Range, drop.Below, drop.Records));
            }
        }

        DroppedRecords? gone = lsn > checkpoint ? parts.Drops.Records() : null;

        foreach (ref readonly RecordMutation mutation in mutations)
        {
            if (mutation.Operation == RecordOperation.Put)
            {
                chunk.Add(
                    IndexOperation.Set, lsn, mutation.Location, payload.Slice(mutation.Offset, mutation.Length));
            }
            else if (gone is not null || parts.Families.Exists(static f => f.IsLive))
            {
                using RecordLease lease = parts.Records.Read(mutation.Location);
                gone?.Find(mutation.Location, lease.Bytes)?.NoteDeleted();
                chunk.Add(IndexOperation.Remove, lsn, mutation.Location, lease.Bytes, gone);
            }
        }

        chunk.Close(lsn);
        Commits++;
        _watch.Advance();
        return chunk.Bytes < _chunkBytes;
    }

    private readonly struct Sink(LogReplay replay, ReplayChunk chunk) : ILogSink
    {
        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload) => replay.Commit(lsn, payload, chunk);
    }
}
