using Mortise.Indexing;
using Mortise.Partitioning;
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

    /// <summary>How many records of each partition that ended, or of a whole range, were deleted.</summary>
    public List<DeletedRecords> Deleted { get; } = [];

    /// <summary>Finds what is to be deleted, so that the files of partitions that ended may go.</summary>
    public List<(PendingDrop Drop, List<DroppedPart> Parts)> Find(CancellationToken cancellation)
    {
        var found = new List<(PendingDrop, List<DroppedPart>)>();
        var unknown = new List<PendingDrop>();
        foreach (PendingDrop drop in parts.Drops.All)
        {
            if (NamesOf(drop, cancellation) is { Count: > 0 } named)
            {
                found.Add((drop, named));
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
            found.AddRange(sink.Found.Select(static pair =>
                (pair.Key, new List<DroppedPart> { new(pair.Key.Range, [.. pair.Value]) })));
        }

        return found;
    }

    /// <summary>Deletes what was found and forgets the ranges.</summary>
    public async ValueTask RunAsync(
        List<(PendingDrop Drop, List<DroppedPart> Parts)> found, CancellationToken cancellation)
    {
        foreach ((PendingDrop drop, List<DroppedPart> dropped) in found)
        {
            foreach ((OrdinalRange bounds, RecordLocation[] records) in dropped)
            {
                long deleted = 0;
                for (int from = 0; from < records.Length; from += RecordsAtOnce)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var portion = new DroppedRecordsWrite(
                        records.AsMemory(from, Math.Min(RecordsAtOnce, records.Length - from)));
                    await write(portion).ConfigureAwait(false);
                    deleted += portion.Records;
                }

                Deleted.Add(new DeletedRecords(drop.Lsn, bounds, deleted));
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

    /// <summary>What each partition that ended with a range names, in the order of places; nothing when they are
    /// gone.</summary>
    private List<DroppedPart> NamesOf(PendingDrop drop, CancellationToken cancellation)
    {
        var named = new List<DroppedPart>();
        if (drop.Family is null || parts.Families.Find(f => f.Part.Name == drop.Family) is not { } family)
        {
            return named;
        }

        foreach (PartitionState partition in family.EndedIn(drop))
        {
            var sink = new NameSink([], family.Projection.Placement, cancellation);
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

            RecordLocation[] names = [.. sink.Names];
            Array.Sort(names);
            named.Add(new DroppedPart(partition.Bounds, names));
        }

        return named;
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

/// <summary>Records that were dropped together.</summary>
/// <param name="Bounds">Ordinals that they can have: those of their partition, or the whole range.</param>
/// <param name="Records">Their places, ascending.</param>
internal readonly record struct DroppedPart(OrdinalRange Bounds, RecordLocation[] Records);

/// <summary>How many of them were deleted.</summary>
/// <param name="Commit">The one that dropped them.</param>
/// <param name="Bounds">As of the part.</param>
/// <param name="Records">Those that nobody else had deleted before.</param>
internal readonly record struct DeletedRecords(Lsn Commit, OrdinalRange Bounds, long Records);
