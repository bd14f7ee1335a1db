using Mortise.Components;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Dropping what is too old.</summary>
public sealed partial class StoreEngine
{
    // Enough that a commit is worth its sync, few enough that it is soon decided.
    private const int MaxDroppedAtOnce = 1 << 20;

    private bool _cannotClean;

    /// <summary>Deletes the records of some ranges of ordinals, and gives their space back: partitions that lie wholly in a
    /// range end, their files and segments without a live record are deleted. A range with nothing to delete is left as it
    /// is. Reads and writes go on meanwhile.</summary>
    /// <remarks>A crash leaves each range as it was or dropped, as the sync mode promises. Where partitions end, a commit says
    /// so of one range or of several, and what it costs does not depend on how many records they have. The records are
    /// deleted behind it, in portions that nobody sees. Files go when no view that reads them is open any more, and the call
    /// returns then. Waits for a compaction or an exchange of families that is under way.</remarks>
    /// <param name="drop">The ranges, and what is kept.</param>
    /// <param name="cancellation">Stops between two ranges; what was dropped stays so.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotFound"/> when there is no such family; as
    /// <see cref="WriteAsync"/>.</exception>
    public async ValueTask<RangeDropReport> DropRangesAsync(RangeDrop drop, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(drop);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        long started = _parts.Composition.Time.GetTimestamp();
        var dropping = new RangeDropping(
            drop, MostAtOnce, MostBytesAtOnce, OpenView, own => WriteAsync(own, CancellationToken.None));
        if (drop.IsDryRun)
        {
            return Rehearse(dropping, started);
        }

        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await dropping.RunAsync(cancellation).ConfigureAwait(false);
            TimeSpan outOfForce = _parts.Composition.Time.GetElapsedTime(started);
            long bytes = 0;
            List<SegmentUsage> reclaimed = [];
            var deleted = new List<DeletedRecords>();
            if (!drop.LeavesSpace)
            {
                (bytes, reclaimed) = await CleanAsync(cancellation, deleted).ConfigureAwait(false);
            }

            var report = new RangeDropReport
            {
                Ranges = dropping.Report(deleted),
                IndexBytes = bytes,
                Reclaimed = reclaimed,
                DeadBytesLeft = _parts.Records.Statistics.DeadBytes,
                OutOfForceAfter = outOfForce,
                Duration = _parts.Composition.Time.GetElapsedTime(started),
            };
            _parts.Observer.Tell(report, static (listener, r) => listener.OnRangesDropped(r));
            return report;
        }
        finally
        {
            _compacting.Release();
        }
    }

    /// <summary>Deletes the records of ranges that were dropped, and gives their space back. Runs by itself after
    /// checkpoints; reads and writes go on meanwhile.</summary>
    /// <param name="cancellation">Stops between two portions; a later call goes on.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when one of them cannot be read: the others
    /// behind it stay, out of force, until it is mended.</exception>
    public async ValueTask CleanDroppedAsync(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await CleanAsync(cancellation).ConfigureAwait(false);
        }
        finally
        {
            _compacting.Release();
        }
    }

    /// <summary>What a call or another process has left; in the turn of compaction. Damage leaves it to be mended.</summary>
    private async ValueTask CleanLeftoversAsync(CancellationToken cancellation)
    {
        if (_parts.Drops.All.Length == 0 || _cannotClean)
        {
            return;
        }

        try
        {
            await CleanAsync(cancellation).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            _cannotClean = true;
            _log.Write(
                ComponentLogLevel.Error,
                "records of a range that was dropped cannot be deleted, and stay out of force; 'mortise doctor' tells more",
                e);
        }
    }

    /// <summary>In the turn of compaction.</summary>
    /// <param name="cancellation">Stops between two portions.</param>
    /// <param name="deleted">Receives how many records were deleted; null for nobody.</param>
    private async ValueTask<(long IndexBytes, List<SegmentUsage> Reclaimed)> CleanAsync(
        CancellationToken cancellation, List<DeletedRecords>? deleted = null)
    {
        long bytes = 0;
        if (_parts.Drops.All.Length > 0)
        {
            var cleaning = new DropCleaning(
                _parts, _versions, _checkpointer, write => WriteAsync(write, CancellationToken.None), RunOnWriterAsync);
            List<(PendingDrop Drop, List<DroppedPart> Parts)> found = cleaning.Find(cancellation);

            // The space of the partitions' files comes first.
            bytes = await RetireAfterCheckpointAsync(cancellation).ConfigureAwait(false);
            await cleaning.RunAsync(found, cancellation).ConfigureAwait(false);
            deleted?.AddRange(cleaning.Deleted);
        }

        (long more, List<SegmentUsage> reclaimed) = await GiveBackAsync(cancellation).ConfigureAwait(false);
        return (bytes + more, reclaimed);
    }

    private long CommitLimit => Math.Min(_parts.Log.MaxPayloadBytes, _parts.Composition.Options.MaxCommitBytes.Bytes);

    // Half of a commit for operations, a quarter for records that are kept.
    private int MostAtOnce => (int)Math.Clamp(CommitLimit / 2 / CommitFormat.MaxSize(1, 0), 8, MaxDroppedAtOnce);

    private long MostBytesAtOnce => CommitLimit / 4;

    private RangeDropReport Rehearse(RangeDropping dropping, long started)
    {
        (List<DroppedRange> ranges, long bytes) = dropping.Rehearse();
        return new RangeDropReport
        {
            Ranges = ranges,
            IndexBytes = bytes,
            Reclaimed = [],
            DeadBytesLeft = _parts.Records.Statistics.DeadBytes,
            OutOfForceAfter = TimeSpan.Zero,
            Duration = _parts.Composition.Time.GetElapsedTime(started),
        };
    }

    /// <summary>Deletes the files of dropped partitions, and segments without a live record.</summary>
    private async ValueTask<(long IndexBytes, List<SegmentUsage> Reclaimed)> GiveBackAsync(CancellationToken cancellation)
    {
        _parts.Records.TryGet(out IReclaimable? store);
        List<SegmentUsage> dead =
            [.. (store?.GetUsage() ?? []).Where(static s => s is { IsSealed: true, LiveRecords: 0, DeadRecords: > 0 })];
        if (dead.Count == 0 && !_parts.Families.Exists(static f => f.EndedCount > 0))
        {
            return (0, dead);
        }

        long bytes = await RetireAfterCheckpointAsync(cancellation).ConfigureAwait(false);
        foreach (SegmentUsage segment in dead)
        {
            await ReclaimAsync(segment.Segment, cancellation).ConfigureAwait(false);
            _parts.Observer.Tell(segment, static (listener, usage) => listener.OnSegmentReclaimed(usage));
        }

        return (bytes, dead);
    }

    private async ValueTask<long> RetireAfterCheckpointAsync(CancellationToken cancellation)
    {
        Lsn through = _versions.Lsn;
        await RunCheckpointAsync(cancellation).ConfigureAwait(false);
        await _versions.WhenNoViewIsOlderThan(through).WaitAsync(cancellation).ConfigureAwait(false);
        return await RetireEndedAsync(through).ConfigureAwait(false);
    }

    /// <summary>Deletes the files of partitions whose end was read from the log, that were merged into others, or that a
    /// cancelled call has left, unless somebody still reads them. In the turn of compaction.</summary>
    private async ValueTask RetireLeftoversAsync()
    {
        Lsn through = _checkpointer.LastLsn;
        if (_parts.Families.Exists(static f => f.EndedCount > 0) && !_versions.IsAnyViewOlderThan(through))
        {
            await RetireEndedAsync(through).ConfigureAwait(false);
        }
    }

    private async ValueTask<long> RetireEndedAsync(Lsn through)
    {
        long bytes = 0;
        await RunOnWriterAsync(async () =>
        {
            foreach (FamilyState family in _parts.Families)
            {
                bytes += await family.RetireEndedAsync(through).ConfigureAwait(false);
            }
        }).ConfigureAwait(false);
        return bytes;
    }
}
