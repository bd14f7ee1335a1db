using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Deletes the records of ranges that were dropped, in portions, beside readers and writers.</summary>
/// <remarks>
/// <para>What names them: the partitions that ended with the range, as long as their files are there; after a restart, the
/// records themselves. Their entries leave the families whose partitions did not end: those of unique keys, mostly.</para>
/// <para>A crash between two portions loses nothing: the manifest, or the log, says that the range is dropped, and the next
/// run finds the records that are left. When none is left the range is forgotten.</para>
/// <para>In the turn of compaction, because what is moved would not be known any more.</para>
/// </remarks>
internal sealed class DropCleaning(
    OpenedParts parts,
    VersionHolder versions,
    Checkpointer checkpointer,
    Func<EngineWrite, ValueTask> write,
    Func<Func<ValueTask>, ValueTask> onWriter)
{
    /// <summary>Few enough that other writers hardly wait.</summary>
    private const int RecordsAtOnce = 512;

    /// <summary>How many records of each commit that dropped some were deleted.</summary>
    public Dictionary<Lsn, long> Deleted { get; } = [];

    /// <summary>Finds what is to be deleted, so that the files of partitions that ended may go.</summary>
    public List<(PendingDrop Drop, RecordLocation[] Records)> Find(CancellationToken cancellation)
    {
        var found = new List<(PendingDrop, RecordLocation[])>();
        var unknown = new List<PendingDrop>();
        foreach (PendingDrop drop in parts.Drops.All)
        {
            if (NamesOf(drop, cancellation) is { } records)
            {
                found.Add((drop, records));
            }
            else
            {
                unknown.Add(drop);
            }
        }

        if (unknown.Count > 0 && parts.Families.Count > 0)
        {
            var sink = new Sink(
                parts.Drops.Records()!,
                unknown.ToDictionary(static drop => drop, static _ => new List<RecordLocation>()),
                cancellation);
            parts.Records.Scan(ScanDirection.Forward, ref sink);
            found.AddRange(sink.Found.Select(static pair => (pair.Key, pair.Value.ToArray())));
        }

        return found;
    }

    /// <summary>Deletes what was found and forgets the ranges.</summary>
    public async ValueTask RunAsync(
        List<(PendingDrop Drop, RecordLocation[] Records)> found, CancellationToken cancellation)
    {
        foreach ((PendingDrop drop, RecordLocation[] records) in found)
        {
            for (int from = 0; from < records.Length; from += RecordsAtOnce)
            {
                cancellation.ThrowIfCancellationRequested();
                var portion = new DroppedRecordsWrite(
                    records.AsMemory(from, Math.Min(RecordsAtOnce, records.Length - from)));
                await write(portion).ConfigureAwait(false);
                Deleted[drop.Lsn] = Deleted.GetValueOrDefault(drop.Lsn) + portion.Records;
            }

            await onWriter(() =>
            {
                parts.Drops.Remove(drop);
                checkpointer.MarkStale();
                versions.Publish(versions.Lsn, parts.Families);
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
        }
    }

    /// <summary>What the partitions that ended with a range name, in the order of places; null when they are gone.</summary>
    private RecordLocation[]? NamesOf(PendingDrop drop, CancellationToken cancellation)
    {
        if (drop.Family is null || parts.Families.Find(f => f.Part.Name == drop.Family) is not { } family)
        {
            return null;
        }

        var sink = new NameSink([], family.Projection.Placement, cancellation);
        bool any = false;
        foreach (PartitionState partition in family.EndedIn(drop))
        {
            any = true;
            IIndexFamily index = partition.Handle.Acquire();
            try
            {
                using IIndexSnapshot snapshot = index.OpenSnapshot();
                snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
            }
            finally
            {
                partition.Handle.Release();
            }
        }

        RecordLocation[] names = [.. sink.Names];
        Array.Sort(names);
        return any ? names : null;
    }

    private readonly struct NameSink(List<RecordLocation> names, LocationPlacement placement, CancellationToken cancellation)
        : IEntrySink
    {
        public List<RecordLocation> Names => names;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            cancellation.ThrowIfCancellationRequested();
            names.Add(FamilyView.ReadLocation(
                placement == LocationPlacement.InKey ? key[^FamilyView.LocationBytes..] : value, key));
            return true;
        }
    }

    private readonly struct Sink(
        DroppedRecords dropped,
        Dictionary<PendingDrop, List<RecordLocation>> found,
        CancellationToken cancellation) : IRecordSink
    {
        public Dictionary<PendingDrop, List<RecordLocation>> Found => found;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            cancellation.ThrowIfCancellationRequested();
            if (dropped.Find(location, record) is { } drop && found.TryGetValue(drop, out List<RecordLocation>? records))
            {
                records.Add(location);
            }

            return true;
        }
    }
}
