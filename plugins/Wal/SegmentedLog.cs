using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Primitives;
using Mortise.Wal.Format;
using Mortise.Wal.Opening;
using Mortise.Wal.Segments;

namespace Mortise.Wal;

/// <summary>The log: appends to one segment after another, syncs for all who wait, replays, forgets.</summary>
/// <remarks>Threads: <c>_gate</c> orders everything that writes; <c>_chain</c> guards the list of segments and is held
/// for moments only. <c>_gate</c> is taken before <c>_chain</c>; syncs take only <c>_chain</c>.</remarks>
internal sealed partial class SegmentedLog : IWriteAheadLog, ISyncSource
{
    // A sealed segment is synced in the background; a second one waiting makes the writer wait.
    private const int MaxUnsyncedSealed = 2;

    private readonly ComponentContext _context;
    private readonly WalOptions _options;
    private readonly Lock _gate = new();
    private readonly Lock _chain = new();
    private readonly LogFault _fault = new("the log");
    private readonly ControlFile _control;
    private readonly SegmentFiles _segments;
    private readonly List<LogSegment> _live;
    private readonly List<LogSegment> _unsynced = [];
    private readonly List<ulong> _leftovers;
    private readonly SharedSync _sync;
    private readonly IDisposable _lock;
    private readonly IBackgroundWork _sealing;
    private readonly Lock _closingLock = new();

    private Task? _closing;
    private bool _disposed;
    private SegmentWriter _writer;
    private ulong _highestSequence;
    private ulong _lastLsn;
    private ulong _firstLsn;
    private bool _isMarkedClean;
    private bool _isControlBehind;
    private long _appends;
    private long _appendedBytes;

    private SegmentedLog(ComponentContext context, WalOptions options, OpenedFiles opened, IDisposable held)
    {
        _context = context;
        _options = options;
        _lock = held;
        _control = opened.Control;
        _segments = opened.Segments;
        _live = opened.Live;
        _leftovers = opened.Dead;
        _isMarkedClean = opened.IsMarkedClean;
        _highestSequence = opened.HighestSequence;
        _lastLsn = opened.LastLsn;
        _firstLsn = _live[0].FirstLsn;
        Recovery = opened.Report;
        var metrics = new WalMetrics(context.Meter, context.Time);
        _sync = new SharedSync(this, _fault, metrics, opened.LastLsn);
        _writer = WriterOf(_live[^1], opened.End);
        _sealing = context.Background.Register("sync sealed segments", SyncSealed);
        metrics.Publish(() => Statistics, () => _fault.Cause is not null);
    }

    public ComponentIdentity Identity { get; } = new()
    {
        PluginId = "mortise.wal",
        PluginVersion = typeof(WalPlugin).Assembly.GetName().Version?.ToString(3) ?? "0.0.0",
        ComponentId = WalPlugin.Descriptor.Id,
        FormatName = WalFormat.Name,
        FormatVersion = WalFormat.Version,
        OldestReadableFormatVersion = WalFormat.OldestReadable,
    };

    public ComponentHealth Health => _fault.Cause is { } cause
        ? new ComponentHealth(HealthStatus.Failed, $"refuses writes until it is reopened: {cause.Message}")
        : ComponentHealth.Healthy;

    public Lsn FirstLsn => new(Volatile.Read(ref _firstLsn));

    public Lsn LastLsn => new(Volatile.Read(ref _lastLsn));

    public Lsn DurableLsn => new(_sync.Durable);

    public int MaxPayloadBytes => (int)_options.MaxPayload.Bytes;

    public LogRecoveryReport Recovery { get; }

    public LogStatistics Statistics
    {
        get
        {
            lock (_chain)
            {
                long bytes = WalFormat.ControlBytes + _segments.SpareBytes;
                foreach (LogSegment segment in _live)
                {
                    bytes += segment == _live[^1] ? _writer.Written : segment.Bytes;
                }

                return new LogStatistics(
                    Volatile.Read(ref _appends), Volatile.Read(ref _appendedBytes), _sync.Syncs, _live.Count, bytes);
            }
        }
    }

    /// <summary>Opens the log in the context's directory, or creates it.</summary>
    public static ValueTask<IWriteAheadLog> OpenAsync(
        ComponentContext context, WalOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        foreach (Plugins.OptionProblem problem in options.Validate())
        {
            throw new ArgumentException($"{problem.Option} {problem.Message}", nameof(options));
        }

        cancellation.ThrowIfCancellationRequested();
        IDisposable held = context.Files.TryLock(WalFormat.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked, "another process or instance has the log open", context.Files.Path);
        OpenedFiles? opened = null;
        try
        {
            opened = new LogOpening(context, options, cancellation).Open();
            var log = new SegmentedLog(context, options, opened, held);
            return ValueTask.FromResult<IWriteAheadLog>(log);
        }
        catch
        {
            opened?.Dispose();
            held.Dispose();
            throw;
        }
    }

    public Lsn Append(ReadOnlySpan<byte> payload)
    {
        if (payload.IsEmpty || payload.Length > _options.MaxPayload.Bytes)
        {
            throw new ArgumentOutOfRangeException(
                nameof(payload), payload.Length, $"a record has 1 to {_options.MaxPayload.Bytes} bytes");
        }

        lock (_gate)
        {
            ThrowIfUnusable();
            BringControlUpToDate();
            if (!_writer.Fits(payload.Length))
            {
                Rotate();
            }

            ulong lsn = _lastLsn + 1;
            _live[^1].Marks.Pass(lsn, _writer.Position);
            try
            {
                _writer.Append(lsn, _sync.Durable, Clock.Microseconds(_context.Time), payload);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.NoSpace)
            {
                ScrubOrFault();
                throw;
            }
            catch (Exception e)
            {
                _fault.Set(e);
                throw;
            }

            _appends++;
            _appendedBytes += payload.Length;
            Volatile.Write(ref _lastLsn, lsn);
            return new Lsn(lsn);
        }
    }

    public ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        if (through > LastLsn)
        {
            throw new ArgumentOutOfRangeException(nameof(through), through, $"the last record is {LastLsn}");
        }

        return _sync.SyncAsync(through.Value, cancellation);
    }

    public Lsn Replay<TSink>(Lsn from, ref TSink sink)
        where TSink : struct, ILogSink, allows ref struct
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _disposed), this);
        ulong last = Volatile.Read(ref _lastLsn);
        if (from.Value > last + 1 || from == Lsn.None)
        {
            throw new ArgumentOutOfRangeException(
                nameof(from), from, $"records {FirstLsn} to {last} can be replayed");
        }

        ulong next = from.Value;
        while (next <= last)
        {
            LogSegment segment = Acquire(next, out IStorageFile file);
            try
            {
                if (!ReplaySegment(file, segment, ref next, last, ref sink))
                {
                    break;
                }
            }
            finally
            {
                file.Dispose();
                lock (_chain)
                {
                    segment.Readers--;
                }
            }
        }

        return new Lsn(next);
    }

    public void Truncate(Lsn keepFrom)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            if (keepFrom.Value > _sync.Durable + 1)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(keepFrom), keepFrom, $"records up to {_sync.Durable} are durable");
            }

            _neededFrom = keepFrom.Value;
            int count = 0;
            while (count < _live.Count - 1 && _live[count].EndLsn <= keepFrom.Value)
            {
                count++;
            }

            if (count > 0)
            {
                WriteControl(_live[count].Sequence, _live[^1].Sequence);
                Drop(count);
            }
        }
    }

    public void Restart(Lsn next)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            if (next <= LastLsn)
            {
                throw new ArgumentOutOfRangeException(nameof(next), next, $"the last record is {LastLsn}");
            }

            WaitForSync();
            BringControlUpToDate();
            ulong durable = next.Value - 1;
            LogSegment started = Start(next.Value, durable, previous: 0, isRestart: true);
            int old;
            lock (_chain)
            {
                _live[^1].EndLsn = _lastLsn + 1;
                _live[^1].Bytes = _writer.Written;
                _live[^1].File!.Dispose();
                _live[^1].File = null;
                old = _live.Count;
                _live.Add(started);
                _writer = WriterOf(started, WalFormat.HeaderBytes);
                _sync.Restart(durable);
                Volatile.Write(ref _lastLsn, durable);
            }

            _isControlBehind = true;
            BringControlUpToDate(started.Sequence);
            Drop(old);
        }
    }

    ulong ISyncSource.Capture(List<IStorageFile> files)
    {
        lock (_chain)
        {
            foreach (LogSegment segment in _unsynced)
            {
                files.Add(segment.File!);
            }

            files.Add(_live[^1].File!);
            return Volatile.Read(ref _lastLsn);
        }
    }

    void ISyncSource.Synced(List<IStorageFile> files, ulong through)
    {
        lock (_chain)
        {
            // The last one takes more records; those in front are sealed and need no handle any more.
            for (int i = 0; i < files.Count - 1; i++)
            {
                Invariant.Holds(ReferenceEquals(_unsynced[0].File, files[i]));
                _unsynced[0].File = null;
                _unsynced.RemoveAt(0);
                files[i].Dispose();
            }
        }
    }

    private static bool ReplaySegment<TSink>(
        IStorageFile file, LogSegment segment, ref ulong next, ulong last, ref TSink sink)
        where TSink : struct, ILogSink, allows ref struct
    {
        (ulong at, long offset) = segment.Marks.Before(next, segment.FirstLsn, WalFormat.HeaderBytes);
        var scanner = new FrameScanner(file, segment.Checksum, offset);
        try
        {
            for (; at < next; at++)
            {
                segment.Marks.Pass(at, scanner.Position);
                if (!scanner.TrySkip(at))
                {
                    throw Damaged(file, scanner.Position, at);
                }
            }

            ulong end = Math.Min(segment.EndLsn, last + 1);
            while (next < end)
            {
                segment.Marks.Pass(next, scanner.Position);
                if (!scanner.TryNext(next, out _, out ReadOnlySpan<byte> payload))
                {
                    throw Damaged(file, scanner.Position, next);
                }

                Lsn lsn = new(next++);
                if (!sink.Accept(lsn, payload))
                {
                    return false;
                }
            }

            return true;
        }
        finally
        {
            scanner.Dispose();
        }
    }

    private static StorageException Damaged(IStorageFile file, long offset, ulong lsn) =>
        StorageException.Corrupt(file.Path, offset, $"record {lsn} of the log is damaged");

    /// <summary>Finds the segment of a record and opens it, so that it stays readable while it is read.</summary>
    private LogSegment Acquire(ulong lsn, out IStorageFile file)
    {
        lock (_chain)
        {
            int index = _live.FindLastIndex(s => s.FirstLsn <= lsn);
            if (index < 0)
            {
                throw new StorageException(
                    StorageErrorCode.Truncated,
                    $"record {lsn} was discarded behind a checkpoint; the oldest is {FirstLsn}",
                    _context.Files.Path);
            }

            LogSegment segment = _live[index];
            file = _context.Files.Open(segment.Name, FileIntent.Read);
            segment.Readers++;
            return segment;
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _fault.ThrowIfSet();
    }

    private SegmentWriter WriterOf(LogSegment segment, long position) =>
        new(segment.File!, segment.Checksum, position, _options.SegmentSize.Bytes, _options.Prewrite.Bytes,
            _writer?.Staging);

    private void Rotate()
    {
        LogSegment started = Start(_lastLsn + 1, _sync.Durable, _live[^1].Sequence, isRestart: false);
        bool isFull;
        lock (_chain)
        {
            LogSegment sealing = _live[^1];
            sealing.EndLsn = started.FirstLsn;
            sealing.Bytes = _writer.Written;
            _unsynced.Add(sealing);
            _live.Add(started);
            _writer = WriterOf(started, WalFormat.HeaderBytes);
            isFull = _unsynced.Count >= MaxUnsyncedSealed;
        }

        _isControlBehind = true;
        BringControlUpToDate();
        if (isFull)
        {
            WaitForSync();
        }
        else
        {
            _sealing.Signal();
        }
    }

    private LogSegment Start(ulong firstLsn, ulong durable, ulong previous, bool isRestart)
    {
        SegmentHeader header = NewHeader(firstLsn, durable, previous, isRestart, mayRecycle: true);
        LogSegment? started = null;
        Guarded(() => started = _segments.Start(header));
        _highestSequence = header.Sequence;
        return started!;
    }

    private SegmentHeader NewHeader(ulong firstLsn, ulong durable, ulong previous, bool isRestart, bool mayRecycle)
    {
        long now = Clock.Microseconds(_context.Time);
        ulong sequence = checked(_highestSequence + 1);
        return new SegmentHeader
        {
            StoreId = _context.StoreId,
            Sequence = sequence,
            Salt = Clock.Salt(_context.Seed, sequence, now),
            FirstLsn = firstLsn,
            DurableLsn = durable,
            Previous = previous,
            TimeMicroseconds = now,
            Checksum = _options.Checksum,
            IsRestart = isRestart,
            IsRecycled = mayRecycle && _segments.HasSpare,
        };
    }

    /// <summary>Writes the control file when it says less than is true: before the first record after a clean open, and
    /// after a new segment.</summary>
    private void BringControlUpToDate(ulong? oldest = null)
    {
        if (_isMarkedClean || _isControlBehind)
        {
            _isMarkedClean = false;
            _isControlBehind = true;
            WriteControl(oldest ?? _control.State.Oldest, _live[^1].Sequence);
        }
    }

    private void WriteControl(ulong oldest, ulong active, bool isClean = false)
    {
        ControlState state = _control.State with
        {
            Oldest = oldest,
            Active = active,
            IsClean = isClean || _isMarkedClean,
            LastLsn = _lastLsn,
            End = _writer.Position,
            DurableLsn = _sync.Durable,
            TimeMicroseconds = Clock.Microseconds(_context.Time),
        };
        Guarded(() => _control.Write(state));
        _isControlBehind = false;
        foreach (ulong sequence in _leftovers)
        {
            _segments.DeleteSegment(sequence);
        }

        _leftovers.Clear();
    }

    /// <summary>Forgets the oldest segments, which the control file no longer names.</summary>
    private void Drop(int count)
    {
        List<LogSegment> dropped;
        lock (_chain)
        {
            dropped = _live.GetRange(0, count);
            _live.RemoveRange(0, count);
            Volatile.Write(ref _firstLsn, _live[0].FirstLsn);
        }

        foreach (LogSegment segment in dropped)
        {
            _segments.Retire(segment);
        }
    }

    /// <summary>Runs a change that either happened, did not happen and may be tried again, or faults the log.</summary>
    private void Guarded(Action change)
    {
        try
        {
            change();
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            throw;
        }
        catch (Exception e)
        {
            _fault.Set(e);
            throw;
        }
    }

    private void ScrubOrFault()
    {
        try
        {
            _writer.Scrub();
        }
        catch (Exception e)
        {
            // The record may or may not come back: that is not the promise a full device gets.
            _fault.Set(e);
            throw;
        }
    }

    private StepResult SyncSealed(CancellationToken cancellation)
    {
        ulong through;
        lock (_chain)
        {
            if (_unsynced.Count == 0)
            {
                return StepResult.Idle;
            }

            through = _unsynced[^1].EndLsn - 1;
        }

        // When somebody else is syncing, the next rotation or sync takes these along.
        if (_fault.Cause is null)
        {
            _sync.TryLead(through);
        }

        return StepResult.Idle;
    }

    private void WaitForSync()
    {
        ValueTask pending = _sync.SyncAsync(_lastLsn, CancellationToken.None);
        if (pending.IsCompleted)
        {
            pending.GetAwaiter().GetResult();
        }
        else
        {
            // Whoever leads the sync under way does not need the gate.
            pending.AsTask().GetAwaiter().GetResult();
        }
    }
}
