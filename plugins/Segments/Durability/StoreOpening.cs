using Mortise.Components;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>A store as its files say it is.</summary>
internal sealed record OpenedStore(SegmentCatalog Catalog, CheckpointState State, long StateBytes);

/// <summary>Opens or creates the files of a store: exactly the state of the last checkpoint.</summary>
/// <remarks>What lies behind the ends that the checkpoint names is not looked at: after an unclean stop it may exist in
/// the page cache only, and replay writes it again.</remarks>
internal static class StoreOpening
{
    public static OpenedStore Open(ComponentContext context, CancellationToken cancellation)
    {
        BlockCache? cache = context.Cache is { } grant ? new BlockCache(grant) : null;
        var catalog = new SegmentCatalog(context.Files, context.StoreId, cache);
        Dictionary<string, long> names = [];
        foreach (StorageEntry entry in context.Files.List())
        {
            names[entry.Name] = entry.LengthBytes;
        }

        RefuseHalfMended(catalog, names.Keys);
        if (!names.ContainsKey(SegmentFormat.CheckpointName))
        {
            return Create(catalog, names.Keys);
        }

        CheckpointState state = CheckpointFile.Read(catalog, out long stateBytes);
        try
        {
            foreach (SegmentEntry entry in state.Segments)
            {
                cancellation.ThrowIfCancellationRequested();
                AddSegment(catalog, entry, names, isLast: entry == state.Segments[^1]);
            }

            AddTombstones(catalog, state);
            DeleteDropped(catalog, state, names.Keys);
        }
        catch
        {
            foreach (Segment segment in catalog.All)
            {
                segment.Close();
            }

            throw;
        }

        return new OpenedStore(catalog, state, stateBytes + state.Tombstones.End);
    }

    /// <summary>A quarantine that has begun to put files in the places of others has to be finished first.</summary>
    private static void RefuseHalfMended(SegmentCatalog catalog, IEnumerable<string> names)
    {
        if (!names.Contains(SegmentFormat.MendedCheckpointName))
        {
            return;
        }

        try
        {
            CheckpointFile.Read(catalog, SegmentFormat.MendedCheckpointName, out _);
        }
        catch (StorageException error) when (error.Code is StorageErrorCode.Corrupt or StorageErrorCode.UnknownWriter)
        {
            // Cut short while it was written: nothing has changed yet.
            return;
        }

        throw new StorageException(
            StorageErrorCode.Corrupt,
            "a quarantine of the records was cut short",
            catalog.PathOf(SegmentFormat.MendedCheckpointName),
            advice: "run it again; it goes on where it was");
    }

    private static OpenedStore Create(SegmentCatalog catalog, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            // A crash while a store is created leaves a draft at most: the first checkpoint precedes every other file.
            if (SegmentFormat.TryNumber(name, SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix, out _)
                || SegmentFormat.TryNumber(name, SegmentFormat.TombstonePrefix, SegmentFormat.TombstoneSuffix, out _))
            {
                throw StorageException.Corrupt(
                    catalog.PathOf(SegmentFormat.CheckpointName), -1, $"is missing although {name} is there");
            }
        }

        var state = new CheckpointState { Sequence = 1, Lsn = Lsn.None, Tombstones = default, Segments = [] };
        return new OpenedStore(catalog, state, CheckpointFile.Replace(catalog, state));
    }

    private static void AddSegment(
        SegmentCatalog catalog, SegmentEntry entry, Dictionary<string, long> names, bool isLast)
    {
        var segment = new Segment(entry.Number, entry.Encoding)
        {
            SealedFileEnd = entry.FileEnd,
            IndexBytes = entry.IndexBytes,
            Usage = entry.Usage,
            PublishedUsage = entry.Usage,
            Tail = (entry.End, entry.LastFrameBytes),
        };
        if (!names.TryGetValue(segment.Name, out long length))
        {
            throw StorageException.Corrupt(
                catalog.PathOf(segment.Name),
                -1,
                $"is missing; it held {entry.Usage.LiveRecords} live records of {entry.Usage.LiveBytes} bytes");
        }

        catalog.Add(segment);
        segment.FileBytes = length;
        if (isLast)
        {
            catalog.Open(segment, FileIntent.ReadWrite);
        }
        else
        {
            catalog.OpenChecked(entry.Number, entry.Encoding, entry.FileEnd, FileIntent.Read).Dispose();
        }
    }

    private static void AddTombstones(SegmentCatalog catalog, CheckpointState state)
    {
        foreach (RecordLocation location in TombstoneFile.ReadAll(catalog, state.Tombstones))
        {
            SegmentAddress address = SegmentAddress.Of(location);
            if (catalog.Find(address.Segment) is not { } segment)
            {
                // Of a segment that was reclaimed since.
                continue;
            }

            if (address.Offset < SegmentHeader.Bytes || address.Offset >= segment.Tail.End)
            {
                throw StorageException.Corrupt(
                    catalog.PathOf(SegmentFormat.TombstoneName(state.Tombstones.Generation)),
                    -1,
                    $"names a record at {location}, behind the end of its segment");
            }

            segment.Deleted.Set(address.Offset);
        }
    }

    private static void DeleteDropped(SegmentCatalog catalog, CheckpointState state, IEnumerable<string> names)
    {
        foreach (string name in names)
        {
            bool isDropped = SegmentFormat.TryNumber(
                name, SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix, out uint number)
                && state.Dropped.Contains(number) && catalog.Find(number) is null;
            bool isOldTombstones = SegmentFormat.TryNumber(
                name, SegmentFormat.TombstonePrefix, SegmentFormat.TombstoneSuffix, out uint generation)
                && generation < state.Tombstones.Generation;

            // Of a quarantine that was cut short before it changed anything.
            bool isMended = name.EndsWith(SegmentFormat.MendedSuffix, StringComparison.Ordinal);
            if (isDropped || isOldTombstones || isMended)
            {
                catalog.Files.Delete(name);
            }
        }
    }
}
