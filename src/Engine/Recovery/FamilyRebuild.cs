using System.Collections.Concurrent;
using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Fills families from a scan of the live records: those that are new, damaged, of another format, or that keep
/// nothing across a restart.</summary>
/// <remarks>Families share nothing that changes but the pool of open indexes, so that several scans run beside each other,
/// each for its share of the families: reading a record again costs little beside its keys in all families. While loading, batches carry no LSN, so a load that is cut short is never taken for a whole one. What is being
/// loaded cannot be closed, so a family of many partitions is loaded in several passes over the records, each filling as
/// many partitions as may be open.</remarks>
internal static class FamilyRebuild
{
    /// <summary>Changes that a family gathers before it applies them, in bytes.</summary>
    private const long GatherBytes = 32 << 20;

    public static async ValueTask<List<RebuiltFamily>> RunAsync(
        OpenedParts parts, OpeningWatch? watch, CancellationToken cancellation)
    {
        var rebuilt = new List<RebuiltFamily>();
        var loading = new List<FamilyState>();
        foreach (FamilyState family in parts.Families)
        {
            if (family is { RebuildReason: { } reason, Failure: null })
            {
                await family.DiscardAsync().ConfigureAwait(false);
                loading.Add(family);
                rebuilt.Add(new RebuiltFamily(family.Part.Name, reason) { IsDamage = family.RebuildsDamage });
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

            unfinished = await ScanAsync(parts, unfinished, through, watch, cancellation).ConfigureAwait(false);
            if (unfinished.Count > 0)
            {
                await parts.Indexes.MakeRoomAsync(parts.Durability, through).ConfigureAwait(false);
            }
        }

        foreach (FamilyState family in loading)
        {
            family.Cover(through);
            family.RebuildReason = null;
            family.OlderFormat = null;
        }

        rebuilt.RemoveAll(r => loading.Exists(f => f.Part.Name == r.Family && f.Failure is not null));
        foreach (RebuiltFamily family in rebuilt)
        {
            parts.Observer.Tell(family, static (listener, what) => listener.OnFamilyRebuilt(what));
        }

        return rebuilt;
    }

    /// <summary>One pass over the records for families that are not done.</summary>
    /// <returns>Those that need another.</returns>
    private static async ValueTask<List<FamilyState>> ScanAsync(
        OpenedParts parts, List<FamilyState> families, Lsn through, OpeningWatch? watch, CancellationToken cancellation)
    {
        EngineOptions options = parts.Composition.Options;
        int count = Math.Min(families.Count, options.RebuildScans);
        var pass = new Pass(cancellation);
        var scans = new List<BackgroundTurn>();
        try
        {
            for (int i = 0; i < count; i++)
            {
                List<FamilyState> share = [.. families.Where((_, at) => at % count == i)];

                // They all see the same records, so that one of them can say how far they are.
                OpeningWatch? told = i == 0 ? watch : null;
                scans.Add(new BackgroundTurn(
                    count > 1 ? parts.Composition.Background : null,
                    "rebuild " + string.Join(", ", share.Select(static f => f.Part.Name)),
                    () => Load(parts, share, through, pass, told)));
            }

            await Task.WhenAll(scans.ConvertAll(static scan => scan.RunAsync())).ConfigureAwait(false);
            return families.FindAll(pass.HasMore.ContainsKey);
        }
        finally
        {
            foreach (BackgroundTurn scan in scans)
            {
                await scan.DisposeAsync().ConfigureAwait(false);
            }
        }
    }

    private static void Load(
        OpenedParts parts, List<FamilyState> families, Lsn through, Pass pass, OpeningWatch? watch)
    {
        try
        {
            var sink = new Sink(families, pass, parts.Drops.Records(), watch, parts.Composition.Blame);
            parts.Records.Scan(ScanDirection.Forward, ref sink);
            if (!pass.IsOver)
            {
                families.ForEach(family => family.WhileOpening(
                    () => pass.Finish(family, through), parts.Composition.Blame));
            }
        }
        catch
        {
            pass.IsOver = true;
            throw;
        }
    }

    /// <summary>What the scans of a pass have in common.</summary>
    private sealed class Pass(CancellationToken cancellation)
    {
        private volatile bool _isOver;

        public CancellationToken Cancellation => cancellation;

        /// <summary>Families that came across more partitions than may be open.</summary>
        public ConcurrentDictionary<FamilyState, bool> HasMore { get; } = [];

        /// <summary>One of the scans failed: the others need not go on.</summary>
        public bool IsOver
        {
            get => _isOver;
            set => _isOver = value;
        }

        public void Finish(FamilyState family, Lsn through)
        {
            if (family.HasMoreToLoad)
            {
                HasMore[family] = true;
            }

            family.FinishLoadPass(through);
        }
    }

    private readonly struct Sink(
        List<FamilyState> loading,
        Pass pass,
        DroppedRecords? dropped,
        OpeningWatch? watch,
        Func<Exception, Exception?> blame)
        : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            pass.Cancellation.ThrowIfCancellationRequested();
            foreach (FamilyState family in loading)
            {
                if (family.Failure is not null || dropped?.HaveEndedIn(family, location, record) == true)
                {
                    continue;
                }

                try
                {
                    family.Project(IndexOperation.Set, Lsn.None, location, record);
                    if (family.PendingBytes() > GatherBytes)
                    {
                        family.ApplyPending(Lsn.None);
                    }
                }
                catch (Exception e) when (FamilyState.IsFault(e))
                {
                    family.FailOpening(e, blame);
                }
            }

            watch?.Advance();
            return !pass.IsOver;
        }
    }
}
