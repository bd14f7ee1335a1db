using Mortise.Components;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Checks every checksum and every frame of a store, and says exactly what is lost.</summary>
/// <remarks>Only what the last checkpoint vouches for is examined: what lies behind belongs to the log. Reads the files
/// through handles of its own, so the store may be open; it takes no lock.</remarks>
internal sealed class SegmentsExaminer : IExaminer, IDurableCopier, IQuarantine, IStagedRecords
{
    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(report);
        var catalog = new SegmentCatalog(files, storeId);
        if (!files.Exists(SegmentFormat.CheckpointName))
        {
            return ExamineWithoutCheckpoint(catalog, report);
        }

        if (Guarded(report, "checkpoint", () => CheckpointFile.Read(catalog, out _)) is not { } state)
        {
            return new ExaminationSummary { Files = 1, Bytes = 0, Items = 0 };
        }

        var tally = new Tally { Files = 1 };
        Dictionary<uint, DeletionMap> deleted = Tombstones(catalog, state, report, tally);
        foreach (SegmentEntry entry in state.Segments)
        {
            cancellation.ThrowIfCancellationRequested();
            ExamineSegment(catalog, entry, deleted.GetValueOrDefault(entry.Number) ?? new(), report, tally, cancellation);
        }

        return tally.Summary(state);
    }

    /// <inheritdoc/>
    public Guid? FindStoreId(IStorageDirectory files)
    {
        ArgumentNullException.ThrowIfNull(files);
        foreach (StorageEntry entry in files.List())
        {
            if (SegmentFormat.TryNumber(
                entry.Name, SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix, out uint number))
            {
                using IStorageFile file = files.Open(entry.Name, FileIntent.Read);
                byte[] page = new byte[SegmentHeader.Bytes];
                Span<byte> read = page.AsSpan(0, file.Read(page, 0));
                if (read.Length == page.Length
                    && SegmentHeader.StoreIdOf(read) is var id
                    && SegmentHeader.Problem(read, id, number, null, entry.Name) is null)
                {
                    return id;
                }
            }
        }

        return null;
    }

    /// <inheritdoc/>
    public CopySummary Copy(
        IStorageDirectory files,
        Guid storeId,
        IStorageDirectory target,
        Action<Finding> report,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(report);
        return new SegmentsCopier(files, storeId, target, report, cancellation).Run();
    }

    /// <inheritdoc/>
    public QuarantineSummary Quarantine(
        IStorageDirectory files,
        Guid storeId,
        Lsn durable,
        Action<Finding> report,
        CancellationToken cancellation) => Quarantine(files, storeId, durable, next: null, report, cancellation);

    /// <inheritdoc/>
    public QuarantineSummary Quarantine(
        IStorageDirectory files,
        Guid storeId,
        Lsn durable,
        RecordLocation? next,
        Action<Finding> report,
        CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(report);
        SegmentAddress? end = next is { } location && location != RecordLocation.None ? SegmentAddress.Of(location) : null;
        return new SegmentsQuarantine(files, storeId, durable, end, report, cancellation).Run();
    }

    /// <inheritdoc/>
    public IStagedReader OpenStaged(IStorageDirectory files, Guid storeId)
    {
        ArgumentNullException.ThrowIfNull(files);
        return new StagedFrameReader(files, storeId);
    }

    private static ExaminationSummary ExamineWithoutCheckpoint(SegmentCatalog catalog, Action<Finding> report)
    {
        int segments = 0;
        foreach (StorageEntry entry in catalog.Files.List())
        {
            if (SegmentFormat.TryNumber(entry.Name, SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix, out _))
            {
                segments++;
            }
        }

        if (segments > 0)
        {
            report(new Finding(
                "checkpoint-missing",
                SegmentFormat.CheckpointName,
                -1,
                $"the checkpoint is missing although {segments} segment files are there"));
        }

        return new ExaminationSummary { Files = 0, Bytes = 0, Items = 0 };
    }

    private static Dictionary<uint, DeletionMap> Tombstones(
        SegmentCatalog catalog, CheckpointState state, Action<Finding> report, Tally tally)
    {
        Dictionary<uint, DeletionMap> maps = [];
        List<RecordLocation>? locations = Guarded(
            report, "tombstones", () => TombstoneFile.ReadAll(catalog, state.Tombstones));
        if (locations is null)
        {
            return maps;
        }

        tally.Files += state.Tombstones.Generation == 0 ? 0 : 1;
        tally.Bytes += state.Tombstones.End;
        foreach (RecordLocation location in locations)
        {
            SegmentAddress address = SegmentAddress.Of(location);
            if (!maps.TryGetValue(address.Segment, out DeletionMap? map))
            {
                maps.Add(address.Segment, map = new DeletionMap());
            }

            map.Set(address.Offset);
        }

        return maps;
    }

    private static void ExamineSegment(
        SegmentCatalog catalog,
        SegmentEntry entry,
        DeletionMap deleted,
        Action<Finding> report,
        Tally tally,
        CancellationToken cancellation)
    {
        string name = SegmentFormat.SegmentName(entry.Number);
        if (!catalog.Files.Exists(name))
        {
            // Reclaimed while we looked, or lost: the newest checkpoint knows.
            CheckpointState? now = Guarded(report, "checkpoint", () => CheckpointFile.Read(catalog, out _));
            if (now is null || now.Segments.Any(other => other.Number == entry.Number))
            {
                report(new Finding(
                    "segment-missing",
                    name,
                    -1,
                    $"the file is missing; it held {entry.Usage.LiveRecords} live records of "
                    + $"{entry.Usage.LiveBytes} bytes"));
                tally.LostRecords += entry.Usage.LiveRecords + entry.Usage.DeadRecords;
            }

            return;
        }

        using IStorageFile file = catalog.Files.Open(name, FileIntent.Read);
        byte[] page = new byte[SegmentHeader.Bytes];
        int read = file.Read(page, 0);
        if (SegmentHeader.Problem(page.AsSpan(0, read), catalog.StoreId, entry.Number, entry.Encoding, name)
            is { } problem)
        {
            report(new Finding("segment-header", name, Math.Max(problem.Offset, 0), problem.Message));
        }

        var walk = new SegmentExamination(catalog.StoreKey, entry.Number, name, deleted, report, cancellation);
        walk.Walk(ExtentOf(catalog, entry, file, name, report), file.Length);
        tally.Files++;
        tally.Bytes += Math.Min(file.Length, entry.FileEnd);
        tally.LostBytes += walk.LostBytes;
        tally.Found += walk.Found;
        Compare(entry, walk.Found, walk.LostBytes, name, report, tally);
    }

    private static Extent ExtentOf(
        SegmentCatalog catalog, SegmentEntry entry, IStorageFile file, string name, Action<Finding> report)
    {
        if (entry.Encoding == SegmentEncoding.Plain)
        {
            return new Extent(SegmentHeader.Bytes, entry.End, file);
        }

        long place = entry.FileEnd - entry.IndexBytes;
        if (entry.IndexBytes > 0 && catalog.ReadIndex(entry.Number, file, place, entry.IndexBytes, entry.End) is null)
        {
            report(new Finding(
                "block-index", name, place, "the index of the blocks is damaged; it is made anew at every opening"));
        }

        PackedBlocks blocks = catalog.Blocks(entry.Number, file, entry.FileEnd, entry.IndexBytes, entry.End);
        return new Extent(SegmentHeader.Bytes, entry.End, blocks);
    }

    private static void Compare(
        SegmentEntry entry, RecordTotals found, long lostBytes, string name, Action<Finding> report, Tally tally)
    {
        if (found == entry.Usage)
        {
            return;
        }

        long expected = entry.Usage.LiveRecords + entry.Usage.DeadRecords;
        long seen = found.LiveRecords + found.DeadRecords;
        tally.LostRecords += Math.Max(0, expected - seen);
        report(new Finding(
            lostBytes > 0 ? "records-lost" : "statistics",
            name,
            -1,
            $"{expected - seen} of {expected} records are unreadable: found {found.LiveRecords} live and "
            + $"{found.DeadRecords} dead of {found.LiveBytes} and {found.DeadBytes} bytes, the checkpoint counts "
            + $"{entry.Usage.LiveRecords} and {entry.Usage.DeadRecords} of {entry.Usage.LiveBytes} and "
            + $"{entry.Usage.DeadBytes}"));
    }

    /// <summary>Damage becomes a finding; the device's own failures stay exceptions.</summary>
    private static T? Guarded<T>(Action<Finding> report, string part, Func<T> read)
        where T : class
    {
        try
        {
            return read();
        }
        catch (StorageException error) when (error.Code is not (StorageErrorCode.Io or StorageErrorCode.Denied))
        {
            string code = error.Code switch
            {
                StorageErrorCode.ForeignFile => "foreign",
                StorageErrorCode.FormatTooNew or StorageErrorCode.FormatTooOld => "format",
                StorageErrorCode.NotFound => "missing",
                _ => "damaged",
            };
            report(new Finding($"{part}-{code}", error.File ?? "", error.Offset, error.Message));
            return null;
        }
    }

    private sealed class Tally
    {
        public int Files { get; set; }

        public long Bytes { get; set; }

        public long LostBytes { get; set; }

        public long LostRecords { get; set; }

        public RecordTotals Found { get; set; }

        public ExaminationSummary Summary(CheckpointState state) => new()
        {
            Files = Files,
            Bytes = Bytes,
            Items = Found.LiveRecords + Found.DeadRecords,
            Notes =
            [
                $"durable through: {state.Lsn}",
                $"segments: {state.Segments.Count}",
                $"live records: {Found.LiveRecords} ({Found.LiveBytes} bytes)",
                $"deleted records not reclaimed: {Found.DeadRecords} ({Found.DeadBytes} bytes)",
                $"unreadable: {LostRecords} records, {LostBytes} bytes",
            ],
        };
    }
}
