using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Fills families from a scan of the live records: those that are new, damaged, of another format, or that keep
/// nothing across a restart.</summary>
/// <remarks>While loading, batches carry no LSN, so a load that is cut short is never taken for a whole one. What is being
/// loaded cannot be closed, so a family of many partitions is loaded in several passes over the records, each filling as
/// many partitions as may be open.</remarks>
internal static class FamilyRebuild
{
    private const long GatherBytes = 32 << 20;

    public static async ValueTask<List<RebuiltFamily>> RunAsync(
        OpenedParts parts, OpeningWatch? watch, CancellationToken cancellation)
    {
        var rebuilt = new List<RebuiltFamily>();
        var loading = new List<FamilyState>();
        foreach (FamilyState family in parts.Families)
        {
            if (family.RebuildReason is { } reason)
            {
                await family.DiscardAsync().ConfigureAwait(false);
                loading.Add(family);
                rebuilt.Add(new RebuiltFamily(family.Part.Name, reason));
            }
        }

        if (loading.Count == 0)
        {
            return rebuilt;
        }

        Lsn through = parts.Log.LastLsn;
        var unfinished = new List<FamilyState>(loading);
        while (unfinished.Count > 0)
        {
            watch?.Enter(OpeningPhase.Rebuild, parts.Records.Statistics.LiveRecords);
            foreach (FamilyState family in unfinished)
            {
                family.LoadLimit = Math.Max(1, parts.Composition.Options.MaxOpenPartitions / unfinished.Count);
            }

            var sink = new Sink(unfinished, watch, cancellation);
            parts.Records.Scan(ScanDirection.Forward, ref sink);
            unfinished.RemoveAll(family => !FinishPass(family, through));
            if (unfinished.Count > 0)
            {
                await parts.Indexes.MakeRoomAsync(parts.Log, through).ConfigureAwait(false);
            }
        }

        foreach (FamilyState family in loading)
        {
            family.Cover(through);
            family.RebuildReason = null;
        }

        foreach (RebuiltFamily family in rebuilt)
        {
            parts.Observer.Tell(family, static (listener, what) => listener.OnFamilyRebuilt(what));
        }

        return rebuilt;
    }

    /// <returns>True when there is more to load.</returns>
    private static bool FinishPass(FamilyState family, Lsn through)
    {
        bool hasMore = family.HasMoreToLoad;
        family.FinishLoadPass(through);
        return hasMore;
    }

    private readonly struct Sink(List<FamilyState> loading, OpeningWatch? watch, CancellationToken cancellation) : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (FamilyState family in loading)
            {
                family.Project(IndexOperation.Set, Lsn.None, location, record);
                if (family.PendingBytes() > GatherBytes)
                {
                    family.ApplyPending(Lsn.None);
                }
            }

            watch?.Advance();
            return true;
        }
    }
}
