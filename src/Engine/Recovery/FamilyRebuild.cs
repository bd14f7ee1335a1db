using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Fills families from a scan of the live records: those that are new, damaged, of another format, or that keep
/// nothing across a restart.</summary>
/// <remarks>While loading, batches carry no LSN, so a load that is cut short is never taken for a whole one.</remarks>
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
                await family.ResetAsync(cancellation).ConfigureAwait(false);
                loading.Add(family);
                rebuilt.Add(new RebuiltFamily(family.Part.Name, reason));
            }
        }

        if (loading.Count == 0)
        {
            return rebuilt;
        }

        watch?.Enter(OpeningPhase.Rebuild, parts.Records.Statistics.LiveRecords);
        var sink = new Sink(loading, watch, cancellation);
        parts.Records.Scan(ScanDirection.Forward, ref sink);
        Lsn through = parts.Log.LastLsn;
        foreach (FamilyState family in loading)
        {
            family.ApplyPending(Lsn.None);
            foreach (PartitionState partition in family.Partitions)
            {
                // The load is whole: only now may the structure claim it.
                if (through != Lsn.None)
                {
                    partition.Index.Apply(new IndexBatch(through, default, default));
                }
            }

            family.Cover(through);
            family.RebuildReason = null;
        }

        foreach (RebuiltFamily family in rebuilt)
        {
            parts.Observer.Tell(family, static (listener, what) => listener.OnFamilyRebuilt(what));
        }

        return rebuilt;
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
