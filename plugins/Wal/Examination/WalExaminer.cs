using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Wal.Format;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Examination;

/// <summary>Checks and shows the files of a log, also of one that will not open.</summary>
internal sealed class WalExaminer : IExaminer, ILogDumper
{
    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(report);
        var walk = new LogWalk(files, storeId, cancellation);
        var places = new List<LogDumpRecord>();

        // The first run learns how far the log was durable, the second judges by it.
        walk.Run((in LogDumpRecord _, ReadOnlySpan<byte> _) => true);
        walk.Run((in LogDumpRecord record, ReadOnlySpan<byte> _) =>
        {
            if (record.State == LogDumpState.Damaged)
            {
                places.Add(record);
            }

            return true;
        });
        foreach (StorageException problem in walk.Problems)
        {
            report(new Finding(CodeOf(problem), NameOf(problem), problem.Offset, problem.Message));
        }

        ReportPlaces(walk, places, OldestNow(files, storeId, walk), report);
        return Summary(walk);
    }

    /// <inheritdoc/>
    public void Dump(IStorageDirectory files, Lsn from, Lsn to, LogDumpVisitor visit, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(visit);
        var walk = new LogWalk(files, storeId: null, cancellation);
        foreach (StorageException problem in walk.Problems)
        {
            var place = new LogDumpRecord(
                Lsn.None, LogDumpState.Damaged, NameOf(problem), problem.Offset, 0, DateTimeOffset.UnixEpoch, Lsn.None,
                problem.Message);
            if (!visit(place, []))
            {
                return;
            }
        }

        walk.Run((in LogDumpRecord _, ReadOnlySpan<byte> _) => true);
        walk.Run((in LogDumpRecord record, ReadOnlySpan<byte> payload) =>
            record.Lsn < from || (record.Lsn <= to && visit(record, payload)));
    }

    private static void ReportPlaces(
        LogWalk walk, List<LogDumpRecord> places, ulong oldestNow, Action<Finding> report)
    {
        foreach (LogDumpRecord place in places)
        {
            // A log in use may have reused the file while it was read: then it is not part of the log any more.
            if (WalFormat.TryParseSegmentName(place.File, out ulong sequence) && sequence >= oldestNow)
            {
                report(new Finding(
                    "log-record", place.File, place.Offset,
                    $"record {place.Lsn} is damaged although everything up to {walk.Vouched} was durable: "
                    + place.Note));
            }
        }

        if (places.Count == 0 && walk.Problems.Count == 0 && walk.LastLsn < walk.Vouched)
        {
            report(new Finding(
                "log-end", "", -1,
                $"the log ends at record {walk.LastLsn}; everything up to {walk.Vouched} was durable"));
        }
    }

    private static ulong OldestNow(IStorageDirectory files, Guid storeId, LogWalk walk)
    {
        if (walk.Control is null)
        {
            return 0;
        }

        using ControlFile control = ControlFile.Open(files, FileIntent.Read, storeId);
        return control.State.Oldest;
    }

    private static ExaminationSummary Summary(LogWalk walk)
    {
        var notes = new List<string>();
        long bytes = walk.Control is null ? 0 : WalFormat.ControlBytes;
        foreach (LogSegment segment in walk.Catalog.Live)
        {
            bytes += segment.Bytes;
        }

        if (walk.Catalog.Live.Count > 0)
        {
            ulong first = walk.Catalog.Live[0].FirstLsn;
            notes.Add(walk.LastLsn < first
                ? $"records: none; the next is {walk.LastLsn + 1}"
                : $"records: {first} to {walk.LastLsn} without a gap");
            notes.Add($"durable for certain: up to record {walk.Vouched}");
        }

        notes.Add($"segments: {walk.Catalog.Live.Count}, kept for reuse: {walk.Catalog.Spares.Count}");
        if (walk.Control is { } control)
        {
            bool isClean = control.IsClean && walk.IsControlExact;
            notes.Add(isClean ? "closed in order: yes" : "closed in order: no, or in use");
        }

        if (walk.TornBytes > 0)
        {
            notes.Add($"torn tail: {walk.TornBytes} bytes behind record {walk.LastLsn}; not damage, opening cuts it");
        }

        return new ExaminationSummary
        {
            Files = walk.Catalog.Live.Count + (walk.Control is null ? 0 : 1),
            Bytes = bytes,
            Items = walk.Records,
            Notes = notes,
        };
    }

    private static string CodeOf(StorageException problem) => problem.Code switch
    {
        StorageErrorCode.FormatTooNew or StorageErrorCode.FormatTooOld => "log-format",
        StorageErrorCode.ForeignFile => "log-foreign",
        _ => NameOf(problem) == WalFormat.ControlName ? "log-control" : "log-segment",
    };

    /// <summary>The file's name in the log's own directory.</summary>
    private static string NameOf(StorageException problem) =>
        problem.File is { } path ? path[(path.LastIndexOf('/') + 1)..] : "";
}
