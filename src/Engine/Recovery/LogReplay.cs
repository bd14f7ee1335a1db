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
internal sealed class LogReplay(OpenedParts parts, Lsn checkpoint) : IDisposable
{
    /// <summary>Changes that all families together gather before they apply them, in bytes.</summary>
    private const long GatherBytes = 32 << 20;

    private readonly CommitContent _commit = new();
    private readonly CommitBodies _bodies = new(parts.Composition.Records, parts.Composition.Root, parts.StoreId);
    private byte[] _applied = [];
    private readonly long _chunkBytes = parts.Composition.Options.ReplayChunk.Bytes;
    private Lsn _recordsCovered;
    private OpeningWatch _watch = null!;
    private CancellationToken _cancellation;

    /// <summary>Commits that were read.</summary>
    public long Commits { get; private set; }

    /// <summary>The first commit whose bodies did not survive: it and all behind it are given up. <see cref="Lsn.None"/> when all
    /// did.</summary>
    public Lsn CutFrom { get; private set; }

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

        if (CutFrom != Lsn.None)
        {
            RequireTorn(last);
        }

        // What was read back may be in the page cache only, whatever an earlier sync said of it.
        await parts.Durability.SyncAsync(last, cancellation).ConfigureAwait(false);
        parts.Staging?.Unstage();
        foreach (FamilyState family in live)
        {
            family.WhileOpening(() => family.ApplyPending(last), parts.Composition.Blame);
            family.ReplayEnd = null;
            if (family.IsLive)
            {
                family.Cover(last);
            }
        }
    }

    public void Dispose() => _bodies.Dispose();

    private async ValueTask ReplayAsync(List<FamilyState> live, Lsn from, Lsn last)
    {
        StoreComposition stack = parts.Composition;
        List<ReplayLane> lanes = live.ConvertAll(family => new ReplayLane(
            family, parts.Indexes, GatherBytes / live.Count, stack.Options.ParallelReplay ? stack.Background : null, stack.Blame));
        try
        {
            var decoded = new ReplayChunk();
            var applied = new ReplayChunk();
            Task applying = Task.CompletedTask;
            while (from <= last && CutFrom == Lsn.None)
            {
                decoded.Clear();
                from = Decode(from, decoded);
                await FinishAsync(lanes, applying, applied).ConfigureAwait(false);
                (decoded, applied) = (applied, decoded);
                ReplayChunk next = applied;

                // Who has most to do begins first: what is left to wait for at the end is short.
                lanes.Sort(static (a, b) => b.Taken.CompareTo(a.Taken));
                applying = Task.WhenAll(lanes.ConvertAll(lane => lane.ApplyAsync(next)));
            }

            await FinishAsync(lanes, applying, applied).ConfigureAwait(false);
            await Task.WhenAll(lanes.ConvertAll(static lane => lane.FinishAsync())).ConfigureAwait(false);
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
            await parts.Indexes.MakeRoomAsync(parts.Durability, chunk.LastLsn).ConfigureAwait(false);
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
        CommitFormat.Read(lsn, payload, _commit);
        ReadOnlySpan<byte> arena;
        if (lsn <= _recordsCovered)
        {
            arena = CommitBodies.Applied(parts.Records, payload, _commit, ref _applied);
        }
        else if (_bodies.TryFind(lsn, payload, _commit, out arena))
        {
            if (_commit.HasReferences)
            {
                if (parts.Staging is null)
                {
                    throw CommitBodies.Unsupported(lsn, parts.Composition.Records.Identity);
                }

                parts.Durability.Staged(lsn, lsn);
            }

            parts.Records.Apply(new RecordBatch(lsn, arena, CollectionsMarshal.AsSpan(_commit.Mutations)));
        }
        else
        {
            CutFrom = lsn;
            return false;
        }

        if (_commit.Dropped is { } drop)
        {
            chunk.AddDrop(lsn, drop.Range);
            if (drop.LeavesRecords && lsn > checkpoint)
            {
                parts.Drops.Add(new PendingDrop(drop.Range, drop.Below, drop.Records));
            }
        }

        DroppedRecords? gone = lsn > checkpoint ? parts.Drops.Records() : null;
        foreach (ref readonly RecordMutation mutation in CollectionsMarshal.AsSpan(_commit.Mutations))
        {
            if (mutation.Operation == RecordOperation.Put)
            {
                chunk.Add(
                    IndexOperation.Set, lsn, mutation.Location, arena.Slice(mutation.Offset, mutation.Length));
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

    /// <summary>A body that is not whole ends the log there, unless something says that it was durable: then it was
    /// damaged since.</summary>
    private void RequireTorn(Lsn last)
    {
        Lsn durable = checkpoint;
        if (CutFrom < last)
        {
            var claims = new ClaimSink();
            parts.Log.Replay(CutFrom.Next, ref claims);
            durable = Lsn.Max(durable, claims.Durable);
        }

        if (CutFrom <= durable)
        {
            throw new StorageException(
                StorageErrorCode.Corrupt,
                $"a body that commit {CutFrom} put is not in the record store as it was written; it was durable, as every "
                + $"commit up to {durable}",
                OpenedParts.RecordsDirectory,
                advice: "restore the store from a backup, or let 'mortise doctor' say what is left");
        }
    }

    /// <summary>How far the commits that are left say that those before them were durable.</summary>
    private struct ClaimSink() : ILogSink
    {
        private readonly CommitContent _commit = new();

        public Lsn Durable { get; private set; }

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            CommitFormat.Read(lsn, payload, _commit);
            Durable = Lsn.Max(Durable, _commit.Durable);
            return true;
        }
    }

    private readonly struct Sink(LogReplay replay, ReplayChunk chunk) : ILogSink
    {
        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload) => replay.Commit(lsn, payload, chunk);
    }
}
