using System.Runtime.InteropServices;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Rewrites segments that hold many deleted records, while the store serves.</summary>
/// <remarks>
/// Live records move to the end through the log, in small commits that take all index entries along; when those of one or
/// more segments have moved, a checkpoint makes the moves durable; when no view can name the old places any more, the
/// segments are dropped. Stopping or crashing between any two steps loses nothing: the segments only have more deleted
/// records than before.
/// Source: the protocol of <see cref="IReclaimable"/>; Rosenblum and Ousterhout, "The Design and Implementation of a
/// Log-Structured File System", ACM TOCS 10(1), 1992.
/// </remarks>
internal sealed class Compaction(
    OpenedParts parts,
    CompactionOptions options,
    CommitTimes others,
    Func<EngineWrite, ValueTask> write,
    Func<CancellationToken, Task> checkpoint,
    Func<int, CancellationToken, Task> reclaim)
{
    /// <summary>Live bytes that are moved before a checkpoint lets their old segments go.</summary>
    private const long BytesPerCheckpoint = 32 << 20;

    private readonly MovePace _pace = new(options, others, parts.Composition.Time);
    private long _movedRecords;
    private long _movedBytes;
    private long _reclaimedRecords;

    public async Task<CompactionReport> RunAsync(IProgress<SegmentUsage>? progress, CancellationToken cancellation)
    {
        if (!parts.Records.TryGet(out IReclaimable? store))
        {
            throw new StorageException(
                StorageErrorCode.Unsupported,
                $"the record store {parts.Records.Identity.ComponentId} cannot give space back",
                advice: "name one that can, such as mortise.segments");
        }

        long before = parts.Records.Statistics.DiskBytes;
        SegmentUsage[] there = [.. store.GetUsage()];
        List<SegmentUsage> chosen = Choose(there);
        if (!options.IsDryRun)
        {
            await CompactAsync(store, chosen, progress, cancellation).ConfigureAwait(false);

            // What was moved may have sealed the segment that was being filled, with what is dead in it.
            if (chosen.Count > 0 && there is [.., { IsSealed: false } filled])
            {
                List<SegmentUsage> rest = Choose(store.GetUsage().Where(u => u.Segment == filled.Segment));
                await CompactAsync(store, rest, progress, cancellation).ConfigureAwait(false);
                chosen.AddRange(rest);
            }
        }

        return new CompactionReport
        {
            Segments = chosen,
            MovedRecords = _movedRecords,
            MovedBytes = _movedBytes,
            ReclaimedRecords = _reclaimedRecords,
            DiskBytesBefore = before,
            DiskBytesAfter = parts.Records.Statistics.DiskBytes,
        };
    }

    private static double DeadFraction(SegmentUsage usage) =>
        (double)usage.DeadBytes / Math.Max(1, usage.DeadBytes + usage.LiveBytes);

    private async Task CompactAsync(
        IReclaimable store, List<SegmentUsage> chosen, IProgress<SegmentUsage>? progress, CancellationToken cancellation)
    {
        for (int from = 0; from < chosen.Count;)
        {
            int next = await MoveSomeAsync(store, chosen, from, cancellation).ConfigureAwait(false);
            await checkpoint(cancellation).ConfigureAwait(false);
            for (; from < next; from++)
            {
                await ReclaimAsync(chosen[from], progress, cancellation).ConfigureAwait(false);
            }
        }
    }

    private List<SegmentUsage> Choose(IEnumerable<SegmentUsage> segments)
    {
        var chosen = new List<SegmentUsage>();
        foreach (SegmentUsage usage in segments)
        {
            bool isWorth = usage.DeadRecords > 0 && DeadFraction(usage) >= options.MinDeadFraction;
            if (usage.IsSealed && (isWorth || options.IncludesAll))
            {
                chosen.Add(usage);
            }
        }

        // The most space for the least copying first, so that a run cut short has done the best part.
        chosen.Sort(static (a, b) => DeadFraction(b).CompareTo(DeadFraction(a)));
        return chosen;
    }

    /// <summary>Moves the live records of some segments, so that one checkpoint serves them all.</summary>
    /// <returns>The first segment that is left.</returns>
    private async Task<int> MoveSomeAsync(
        IReclaimable store, List<SegmentUsage> chosen, int from, CancellationToken cancellation)
    {
        long moved = 0;
        while (from < chosen.Count && moved < BytesPerCheckpoint)
        {
            cancellation.ThrowIfCancellationRequested();
            await MoveLiveRecordsAsync(store, chosen[from].Segment, cancellation).ConfigureAwait(false);
            moved += chosen[from].LiveBytes;
            from++;
        }

        return from;
    }

    private async Task ReclaimAsync(
        SegmentUsage segment, IProgress<SegmentUsage>? progress, CancellationToken cancellation)
    {
        await reclaim(segment.Segment, cancellation).ConfigureAwait(false);
        _reclaimedRecords += segment.DeadRecords;
        progress?.Report(segment);
        parts.Observer.Tell(segment, static (listener, usage) => listener.OnSegmentReclaimed(usage));
    }

    private async Task MoveLiveRecordsAsync(IReclaimable store, int segment, CancellationToken cancellation)
    {
        var live = new LiveRecords([]);
        store.ScanSegment(segment, ref live);
        var batch = new List<RecordLocation>();
        int bytes = 0;
        foreach ((RecordLocation location, int length) in live.Found)
        {
            batch.Add(location);
            bytes += length;
            if (bytes >= _pace.Bytes)
            {
                await MoveAsync(batch, bytes, cancellation).ConfigureAwait(false);
                batch = [];
                bytes = 0;
            }
        }

        if (batch.Count > 0)
        {
            await MoveAsync(batch, bytes, cancellation).ConfigureAwait(false);
        }
    }

    private async Task MoveAsync(List<RecordLocation> batch, int bytes, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        Touch(batch);
        var move = new MoveWrite(batch, bytes);
        await write(move).ConfigureAwait(false);
        _movedRecords += move.MovedRecords;
        _movedBytes += move.MovedBytes;
        await _pace.AfterAsync(bytes, move.Took, cancellation).ConfigureAwait(false);
    }

    /// <summary>Reads what is to be moved, so that the writer need not wait for the device.</summary>
    private void Touch(List<RecordLocation> batch)
    {
        var touched = new Touched();
        parts.Records.ReadMany(CollectionsMarshal.AsSpan(batch), ref touched);
    }

    private struct Touched : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info) => true;
    }

    private readonly struct LiveRecords(List<(RecordLocation Location, int Length)> found) : IRecordSink
    {
        public List<(RecordLocation Location, int Length)> Found => found;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            found.Add((location, record.Length));
            return true;
        }
    }
}
