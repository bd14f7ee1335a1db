using Mortise.Files;
using Mortise.Logging;
using Mortise.Wal.Format;
using Mortise.Wal.Opening;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Examination;

/// <summary>Reads all files of a log without opening it, past whatever is broken.</summary>
internal sealed class LogWalk
{
    private readonly IStorageDirectory _files;
    private readonly Guid? _storeId;
    private readonly CancellationToken _cancellation;

    public LogWalk(IStorageDirectory files, Guid? storeId, CancellationToken cancellation)
    {
        _files = files;
        _storeId = storeId;
        _cancellation = cancellation;
        ControlState? control = ReadControl(out bool isExact);
        Control = control;
        IsControlExact = isExact;
        Catalog = LogCatalog.Read(files, control, isExact, storeId, Problems.Add, cancellation);
        if (control is null && Problems.Count == 0 && Catalog.Live.Count > 0)
        {
            Problems.Add(StorageException.Corrupt(
                WalFormat.ControlName, -1, "the log has segments but its control file is missing"));
        }

        Vouched = Math.Max(Catalog.Vouched, control is { IsClean: true } && isExact ? control.LastLsn : 0);
    }

    /// <summary>What the control file says; null when it is missing or unreadable.</summary>
    public ControlState? Control { get; }

    public bool IsControlExact { get; }

    public LogCatalog Catalog { get; }

    /// <summary>What is wrong with the control file, headers and presence of segments.</summary>
    public List<StorageException> Problems { get; } = [];

    /// <summary>The highest LSN known to have been durable; grows while records are read.</summary>
    public ulong Vouched { get; private set; }

    /// <summary>Whole records seen by the last <see cref="Run"/>.</summary>
    public long Records { get; private set; }

    /// <summary>Bytes behind the last record that a crash explains.</summary>
    public long TornBytes { get; private set; }

    /// <summary>The last record of the unbroken run; 0 when there is none.</summary>
    public ulong LastLsn { get; private set; }

    /// <summary>Visits every record and every place where one is not as it should be.</summary>
    /// <remarks>Whether a bad place is damage depends on records further on: the first run learns that, so a caller who
    /// shows places runs twice.</remarks>
    public void Run(LogDumpVisitor visit)
    {
        Records = 0;
        TornBytes = 0;
        LastLsn = Catalog.Live.Count == 0 ? 0 : Catalog.Live[0].FirstLsn - 1;
        bool broken = false;
        foreach (LogSegment segment in Catalog.Live)
        {
            try
            {
                using IStorageFile file = _files.Open(segment.Name, FileIntent.Read);
                if (!RunSegment(file, segment, visit, ref broken))
                {
                    return;
                }
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.NotFound)
            {
                // A log in use dropped it behind a checkpoint while this walk was elsewhere.
                LastLsn = segment.EndLsn - 1;
            }
        }
    }

    private bool RunSegment(IStorageFile file, LogSegment segment, LogDumpVisitor visit, ref bool broken)
    {
        ulong expected = segment.FirstLsn;
        long position = WalFormat.HeaderBytes;
        while (true)
        {
            if (!ReadWhole(file, segment, ref expected, ref position, visit, broken))
            {
                return false;
            }

            if (expected == segment.EndLsn)
            {
                return true;
            }

            if (!FindNext(file, segment, expected, position, out long next, out ulong nextLsn, out long end))
            {
                return AtEnd(segment, expected, position, end, visit, ref broken);
            }

            bool damaged = expected <= Vouched;
            if (!damaged)
            {
                // Whole records behind a hole that no sync covered: a crash leaves that, and opening cuts it.
                TornBytes += end - position;
            }

            broken = true;
            LogDumpRecord place = Place(
                segment, expected, position, damaged, $"{next - position} bytes are not a record");
            if (!visit(place, []))
            {
                return false;
            }

            if (!damaged)
            {
                return true;
            }

            expected = nextLsn;
            position = next;
        }
    }

    private bool AtEnd(
        LogSegment segment, ulong expected, long position, long end, LogDumpVisitor visit, ref bool broken)
    {
        bool isLast = segment.EndLsn == LogSegment.Open;
        if (expected <= Vouched)
        {
            broken = true;
            ulong upTo = isLast ? Vouched : Math.Min(Vouched, segment.EndLsn - 1);
            return visit(
                Place(segment, expected, position, isDamaged: true, $"records {expected} to {upTo} are missing"), []);
        }

        if (end > position)
        {
            TornBytes += end - position;
            return visit(
                Place(segment, expected, position, isDamaged: false, $"{end - position} bytes of an unfinished write"),
                []);
        }

        broken |= !isLast;
        return true;
    }

    private bool ReadWhole(
        IStorageFile file, LogSegment segment, ref ulong expected, ref long position, LogDumpVisitor visit, bool broken)
    {
        var scanner = new FrameScanner(file, segment.Checksum, position);
        try
        {
            while (expected != segment.EndLsn
                && scanner.TryNext(expected, out FrameHeader header, out ReadOnlySpan<byte> payload))
            {
                Records++;
                Vouched = Math.Max(Vouched, header.Claim);
                LastLsn = broken ? LastLsn : expected;
                var record = new LogDumpRecord(
                    new Lsn(expected),
                    broken ? LogDumpState.BehindDamage : LogDumpState.Whole,
                    segment.Name,
                    position,
                    header.PayloadBytes,
                    Clock.ToTime(header.TimeMicroseconds),
                    new Lsn(header.Claim),
                    "");
                if (!visit(record, payload))
                {
                    return false;
                }

                expected++;
                position = scanner.Position;
                if ((expected & 0xFFF) == 0)
                {
                    _cancellation.ThrowIfCancellationRequested();
                }
            }

            return true;
        }
        finally
        {
            scanner.Dispose();
        }
    }

    /// <summary>Finds the next whole frame of this segment that is part of the log.</summary>
    private bool FindNext(
        IStorageFile file, LogSegment segment, ulong expected, long from, out long next, out ulong lsn, out long end)
    {
        next = 0;
        lsn = 0;
        var search = new FrameSearch(file, segment.Header, from);
        try
        {
            while (search.TryNext(out FrameHeader header, out bool isWhole, _cancellation))
            {
                if (isWhole)
                {
                    Vouched = Math.Max(Vouched, header.Claim);
                    if (lsn == 0 && header.Lsn >= expected && header.Lsn < segment.EndLsn)
                    {
                        next = search.Position;
                        lsn = header.Lsn;
                    }
                }

                search.Skip(isWhole ? header.FrameBytes : WalFormat.FrameAlignment);
            }

            end = search.LastWritten;
            return lsn != 0;
        }
        finally
        {
            search.Dispose();
        }
    }

    private static LogDumpRecord Place(LogSegment segment, ulong lsn, long offset, bool isDamaged, string note) =>
        new(new Lsn(lsn), isDamaged ? LogDumpState.Damaged : LogDumpState.Torn, segment.Name, offset, 0,
            DateTimeOffset.UnixEpoch, Lsn.None, note);

    private ControlState? ReadControl(out bool isExact)
    {
        isExact = false;
        if (!_files.Exists(WalFormat.ControlName))
        {
            return null;
        }

        try
        {
            using ControlFile control = ControlFile.Open(_files, FileIntent.Read, _storeId);
            isExact = control.BothSlotsValid;
            return control.State;
        }
        catch (StorageException e) when (e.Code != StorageErrorCode.Io)
        {
            Problems.Add(e);
            return null;
        }
    }
}
