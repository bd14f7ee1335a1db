using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Wal.Format;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Opening;

/// <summary>What opening hands to the log.</summary>
internal sealed class OpenedFiles : IDisposable
{
    public required ControlFile Control { get; init; }

    public required SegmentFiles Segments { get; init; }

    public required List<LogSegment> Live { get; init; }

    public required ulong LastLsn { get; init; }

    /// <summary>Segments behind the checkpoint, to be deleted once the control file is written again.</summary>
    public required List<ulong> Dead { get; init; }

    /// <summary>True when <see cref="Control"/> says clean and has to be told before the first record.</summary>
    public required bool IsMarkedClean { get; init; }

    /// <summary>Where the next frame goes in the last segment.</summary>
    public required long End { get; init; }

    public required ulong HighestSequence { get; init; }

    public required LogRecoveryReport Report { get; init; }

    public void Dispose()
    {
        Control.Dispose();
        foreach (LogSegment segment in Live)
        {
            segment.File?.Dispose();
        }
    }
}

/// <summary>Brings the files of a log into a state in which everything that is there is durable.</summary>
internal sealed class LogOpening(ComponentContext context, WalOptions options, CancellationToken cancellation)
{
    private readonly IStorageDirectory _files = context.Files;
    private readonly SegmentFiles _segments = new(context.Files, options, context.Log);
    private LogSegment? _started;

    public OpenedFiles Open()
    {
        bool isNew = !_files.Exists(WalFormat.ControlName);
        ControlFile? control = isNew ? null : ControlFile.Open(_files, FileIntent.ReadWrite, context.StoreId);
        try
        {
            LogCatalog catalog = LogCatalog.Read(
                _files, control?.State, control?.BothSlotsValid ?? false, context.StoreId, damage: null, cancellation);
            if (control is null && catalog.Live.Count > 0)
            {
                throw StorageException.Corrupt(
                    catalog.Live[0].Name, 0, "the log has segments but its control file is missing");
            }

            if (catalog.Live.Count > 0)
            {
                return Continue(control!, catalog);
            }

            // A control file without segments is made again: a creation that was cut short may have left its name in
            // the cache only, where no later sync would find it.
            control?.Dispose();
            control = ControlFile.Create(_files, context.StoreId, Clock.Microseconds(context.Time));
            return StartFirst(control, catalog);
        }
        catch
        {
            control?.Dispose();
            _started?.File?.Dispose();
            throw;
        }
    }

    private OpenedFiles StartFirst(ControlFile control, LogCatalog catalog)
    {
        SegmentHeader header = NextHeader(catalog, firstLsn: 1, durable: 0, previous: 0);
        _started = _segments.Start(header);
        control.Write(control.State with { Oldest = header.Sequence, Active = header.Sequence });
        DeleteLeftovers(catalog, catalog.Dead);
        return Finish(
            control, catalog, [_started], lastLsn: 0, WalFormat.HeaderBytes,
            isClean: true, isMarkedClean: false, torn: 0);
    }

    private OpenedFiles Continue(ControlFile control, LogCatalog catalog)
    {
        List<LogSegment> live = catalog.Live;
        LogSegment active = live[^1];
        ControlState state = control.State;
        bool clean = control.BothSlotsValid && state.IsClean && active.Sequence == state.Active;
        if (clean)
        {
            _started = active;
            active.File = _files.Open(active.Name, FileIntent.ReadWrite);
            CheckCleanEnd(active, state);
            if (!HasFrame(active, state.End, state.LastLsn + 1))
            {
                foreach ((ulong sequence, long bytes) in catalog.Spares)
                {
                    _segments.AdoptSpare(sequence, bytes);
                }

                return Finish(
                    control, catalog, live, state.LastLsn, state.End, isClean: true, isMarkedClean: true, torn: 0);
            }

            // Records behind the end that the control file does not know: the device lost its last write.
            active.File.Dispose();
            active.File = null;
            _started = null;
        }

        return Recover(control, catalog);
    }

    private OpenedFiles Recover(ControlFile control, LogCatalog catalog)
    {
        TailScan tail = TailScan.Run(_files, catalog, cancellation);
        List<LogSegment> live = catalog.Live;
        ulong first = tail.Vouched + 1;

        // The segments in front of the first unvouched record stay; the new one takes the place of all others.
        int kept = live.FindLastIndex(s => s.FirstLsn < first) + 1;
        SegmentHeader header = NextHeader(
            catalog, first, tail.LastLsn, kept == 0 ? 0 : live[kept - 1].Sequence,
            isRestart: kept == 0 && live[0].Header.IsRestart);
        _started = TailRewrite.Run(_segments, live, header, tail.LastLsn, options, out long end);
        var dead = new List<(ulong Sequence, long Bytes)>(catalog.Dead);
        for (int i = kept; i < live.Count; i++)
        {
            dead.Add((live[i].Sequence, live[i].Bytes));
        }

        long cutAt = kept == 0 ? 0 : TailRewrite.Find(_files, live[kept - 1], first);
        live.RemoveRange(kept, live.Count - kept);
        live.Add(_started);
        control.Write(control.State with
        {
            Oldest = live[0].Sequence,
            Active = header.Sequence,
            IsClean = false,
            LastLsn = tail.LastLsn,
            End = end,
            DurableLsn = tail.LastLsn,
            TimeMicroseconds = header.TimeMicroseconds,
        });
        if (kept > 0)
        {
            live[kept - 1].EndLsn = first;
            Cut(live[kept - 1], cutAt);
        }

        DeleteLeftovers(catalog, dead);
        context.Log.Write(
            tail.TornBytes > 0 ? ComponentLogLevel.Warning : ComponentLogLevel.Information,
            $"the log was not closed in order: it ends at record {tail.LastLsn}, {tail.LastLsn - tail.Vouched} records "
            + $"were written anew, {tail.TornBytes} bytes of unfinished writes were cut");
        return Finish(control, catalog, live, tail.LastLsn, end, isClean: false, isMarkedClean: false, tail.TornBytes);
    }

    /// <summary>Gives back the space behind the last record of a segment that the new one continues.</summary>
    private void Cut(LogSegment segment, long end)
    {
        if (segment.Bytes > end)
        {
            using IStorageFile file = _files.Open(segment.Name, FileIntent.ReadWrite);
            file.SetLength(end);
            segment.Bytes = end;
        }
    }

    /// <summary>Removes what is not part of the log. After an unclean stop nothing is reused: a name that a failed sync
    /// left in the cache only would take the next segment's name with it.</summary>
    private void DeleteLeftovers(LogCatalog catalog, List<(ulong Sequence, long Bytes)> dead)
    {
        foreach ((ulong sequence, _) in catalog.Spares)
        {
            _files.Delete(WalFormat.SpareName(sequence));
        }

        foreach ((ulong sequence, _) in dead)
        {
            _files.Delete(WalFormat.SegmentName(sequence));
        }

        foreach (string draft in catalog.Drafts)
        {
            // The draft of this very opening has its final name by now.
            if (_files.Exists(draft))
            {
                _files.Delete(draft);
            }
        }
    }

    private static void CheckCleanEnd(LogSegment active, ControlState state)
    {
        long length = active.File!.Length;
        if (state.End < WalFormat.HeaderBytes || state.End > length || state.End % WalFormat.FrameAlignment != 0
            || state.LastLsn < active.FirstLsn - 1 || state.DurableLsn != state.LastLsn)
        {
            throw StorageException.Corrupt(
                active.File.Path, state.End,
                $"the log was closed at record {state.LastLsn} and offset {state.End}; the file has {length} bytes "
                + $"and begins with record {active.FirstLsn}");
        }
    }

    private static bool HasFrame(LogSegment active, long position, ulong lsn)
    {
        var scanner = new FrameScanner(active.File!, active.Checksum, position, readBytes: 4096);
        try
        {
            return scanner.TryPeek(out FrameHeader header) && header.Lsn == lsn;
        }
        finally
        {
            scanner.Dispose();
        }
    }

    private SegmentHeader NextHeader(
        LogCatalog catalog, ulong firstLsn, ulong durable, ulong previous, bool isRestart = false)
    {
        long now = Clock.Microseconds(context.Time);
        ulong sequence = checked(catalog.HighestSequence + 1);
        return new SegmentHeader
        {
            StoreId = context.StoreId,
            Sequence = sequence,
            Salt = Clock.Salt(context.Seed, sequence, now),
            FirstLsn = firstLsn,
            DurableLsn = durable,
            Previous = previous,
            TimeMicroseconds = now,
            Checksum = options.Checksum,
            IsRestart = isRestart,
        };
    }

    private OpenedFiles Finish(
        ControlFile control,
        LogCatalog catalog,
        List<LogSegment> live,
        ulong lastLsn,
        long end,
        bool isClean,
        bool isMarkedClean,
        long torn) =>
        new()
        {
            Control = control,
            Segments = _segments,
            Live = live,
            LastLsn = lastLsn,
            End = end,
            Dead = isMarkedClean ? catalog.Dead.ConvertAll(d => d.Sequence) : [],
            IsMarkedClean = isMarkedClean,
            HighestSequence = Math.Max(catalog.HighestSequence, live[^1].Sequence),
            Report = new LogRecoveryReport
            {
                WasClean = isClean,
                Records = (long)(lastLsn + 1 - live[0].FirstLsn),
                TornBytes = torn,
                Segments = live.Count,
            },
        };
}
