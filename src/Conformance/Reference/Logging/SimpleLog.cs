using System.Buffers.Binary;
using System.Globalization;
using Mortise.Components;
using Mortise.Files;
using Mortise.Logging;
using Mortise.Plugins;
using Mortise.Primitives;

namespace Mortise.Reference;

/// <summary>A write-ahead log, made to be obviously right: one file, one lock, rewritten whole to truncate
/// it.</summary>
/// <remarks>Role: the reference for the laws of a log. Threads: as the contract says, by one lock around
/// everything.</remarks>
public sealed class SimpleLog : IWriteAheadLog
{
    private const string FileName = "log";
    private const string NextName = "log.new";
    private const string CleanName = "clean";
    private const int MarkLength = 36;

    private readonly Lock _gate = new();
    private readonly ComponentContext _context;
    private readonly FrameChecksum _checksum;
    private readonly int _maxPayloadBytes;
    private readonly List<long> _offsets = [];
    private IStorageFile _file;
    private Lsn _first;
    private Lsn _durable;
    private long _end;
    private bool _isMarkedClean;
    private bool _disposed;
    private StorageException? _fault;
    private LogStatistics _statistics;

#pragma warning disable CS8618 // Opening sets the file before the log is handed out.
    private SimpleLog(ComponentContext context, FrameChecksum checksum, int maxPayloadBytes)
    {
        _maxPayloadBytes = maxPayloadBytes;
        _context = context;
        _checksum = checksum;
    }
#pragma warning restore CS8618

    /// <summary>What it is called and what it is.</summary>
    public static ComponentDescriptor Descriptor { get; } = new()
    {
        Id = "mortise.reference.simple-log",
        Summary = "A log in one file.",
        FormatName = "mortise-reference-log",
        FormatVersion = 1,
        OldestReadableFormatVersion = 1,
    };

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = ReferenceIdentity.Of(Descriptor);

    /// <inheritdoc/>
    public ComponentHealth Health => _fault is { } fault
        ? new ComponentHealth(HealthStatus.Failed, fault.Message)
        : ComponentHealth.Healthy;

    /// <inheritdoc/>
    public Lsn FirstLsn => Locked(() => _first);

    /// <inheritdoc/>
    public Lsn LastLsn => Locked(() => Last);

    /// <inheritdoc/>
    public Lsn DurableLsn => Locked(() => _durable);

    /// <inheritdoc/>
    public int MaxPayloadBytes => _maxPayloadBytes;

    /// <inheritdoc/>
    public LogRecoveryReport Recovery { get; private set; } = null!;

    /// <inheritdoc/>
    public LogStatistics Statistics => Locked(() => _statistics with { Segments = 1, DiskBytes = _end });

    private Lsn Last => new(_first.Value - 1 + (ulong)_offsets.Count);

    /// <summary>Checks and shows its file without opening it.</summary>
    public static IExaminer Examiner { get; } = new SimpleLogExaminer();

    /// <summary>Opens what is there, or an empty log.</summary>
    public static ValueTask<IWriteAheadLog> OpenAsync(
        ComponentContext context, SimpleLogOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        cancellation.ThrowIfCancellationRequested();
        return new ValueTask<IWriteAheadLog>(
            Open(context, SimpleLogFormat.Checksum, checked((int)options.MaxPayload.Bytes)));
    }

    /// <summary>Opens a log whose frames are checked in a way of one's own, to see what the laws make of it.</summary>
    internal static SimpleLog Open(
        ComponentContext context, FrameChecksum checksum, int maxPayloadBytes = SimpleLogFormat.MaxPayloadBytes)
    {
        SimpleLog log = new(context, checksum, maxPayloadBytes);
        log.Open();
        return log;
    }

    /// <inheritdoc/>
    public Lsn Append(ReadOnlySpan<byte> payload)
    {
        ArgumentOutOfRangeException.ThrowIfZero(payload.Length, nameof(payload));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(payload.Length, MaxPayloadBytes, nameof(payload));
        lock (_gate)
        {
            ThrowIfUnusable();
            Lsn lsn = Last.Next;
            byte[] frame = SimpleLogFormat.Frame(_checksum, _context.StoreId, _end, lsn, _durable, payload);
            try
            {
                MarkUnclean();
                _file.Write(frame, _end);
            }
            catch (StorageException full) when (full.Code == StorageErrorCode.NoSpace)
            {
                CutBack();
                throw;
            }
            catch (StorageException failed)
            {
                _fault = failed;
                throw;
            }

            _offsets.Add(_end);
            _end += frame.Length;
            _statistics = _statistics with
            {
                Appends = _statistics.Appends + 1,
                AppendedBytes = _statistics.AppendedBytes + payload.Length,
            };
            return lsn;
        }
    }

    /// <inheritdoc/>
    public ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        lock (_gate)
        {
            ThrowIfUnusable();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(through.Value, Last.Value, nameof(through));
            if (through > _durable)
            {
                SyncFile();
            }
        }

        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    public Lsn Replay<TSink>(Lsn from, ref TSink sink)
        where TSink : struct, ILogSink, allows ref struct
    {
        while (true)
        {
            byte[]? payload = Payload(from);
            if (payload is null)
            {
                return from;
            }

            Lsn lsn = from;
            from = from.Next;
            if (!sink.Accept(lsn, payload))
            {
                return from;
            }
        }
    }

    /// <inheritdoc/>
    public void Truncate(Lsn keepFrom)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            ArgumentOutOfRangeException.ThrowIfGreaterThan(keepFrom.Value, _durable.Next.Value, nameof(keepFrom));
            if (keepFrom > _first)
            {
                Rewrite(keepFrom);
            }
        }
    }

    /// <inheritdoc/>
    public void Restart(Lsn next)
    {
        lock (_gate)
        {
            ThrowIfUnusable();
            ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(next.Value, Last.Value, nameof(next));
            Rewrite(next);
        }
    }

    /// <inheritdoc/>
    public ValueTask DisposeAsync()
    {
        lock (_gate)
        {
            if (_disposed)
            {
                return ValueTask.CompletedTask;
            }

            _disposed = true;
            try
            {
                if (_fault is null && !_isMarkedClean)
                {
                    SyncFile();
                    WriteMark();
                }
            }
            catch (StorageException failed)
            {
                _context.Log.Write(ComponentLogLevel.Warning, "the log was not closed cleanly", failed);
            }
            finally
            {
                _file.Dispose();
            }
        }

        return ValueTask.CompletedTask;
    }

    private void Open()
    {
        IStorageDirectory files = _context.Files;
        bool wasClean = true;
        long torn = 0;
        if (!files.Exists(FileName))
        {
            if (files.Exists(CleanName))
            {
                throw StorageException.Corrupt($"{files.Path}/{FileName}", -1, "the log was closed and is gone");
            }

            _first = new Lsn(1);
            _file = WriteNext(_first, []);
        }
        else
        {
            _file = files.Open(FileName, FileIntent.ReadWrite);
            try
            {
                wasClean = Recover(out torn);
            }
            catch
            {
                _file.Dispose();
                throw;
            }
        }

        _durable = Last;
        Recovery = new LogRecoveryReport
        {
            WasClean = wasClean,
            Records = _offsets.Count,
            TornBytes = torn,
            Segments = 1,
        };
    }

    private bool Recover(out long torn)
    {
        (_first, long sealedBytes) = SimpleLogFormat.ReadHeader(_file, _context.StoreId);
        if (_file.Length > int.MaxValue / 2)
        {
            throw StorageException.Corrupt(_file.Path, 0, $"a log of {_file.Length} bytes");
        }

        byte[] bytes = new byte[_file.Length];
        _file.Read(bytes, 0);
        SimpleLogScan scan = SimpleLogScan.Of(_checksum, bytes, _file.Path, _context.StoreId, _first, sealedBytes);
        _offsets.AddRange(scan.Offsets);
        _end = scan.End;
        torn = bytes.Length - _end;
        _isMarkedClean = IsMarked(torn);
        if (_isMarkedClean)
        {
            return true;
        }

        // What is read here may exist only in the page cache, marked clean by a failed sync: write it all again.
        Rewrite(_first);
        return false;
    }

    private byte[]? Payload(Lsn lsn)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (lsn < _first)
            {
                throw new StorageException(
                    StorageErrorCode.Truncated, $"record {lsn} was dropped, the first is {_first}", _file.Path);
            }

            if (lsn > Last)
            {
                return null;
            }

            int index = (int)(lsn.Value - _first.Value);
            long offset = _offsets[index];
            long end = index + 1 < _offsets.Count ? _offsets[index + 1] : _end;
            byte[] bytes = new byte[end - offset];
            _file.Read(bytes, offset);
            if (
                !SimpleLogFormat.TryReadFrame(
                    _checksum, bytes, offset, _context.StoreId, out Lsn found, out _, out int length)
                || found != lsn)
            {
                throw StorageException.Corrupt(_file.Path, offset, $"record {lsn} fails its checksum");
            }

            return bytes.AsSpan(SimpleLogFormat.FrameBytes, length).ToArray();
        }
    }

    private void SyncFile()
    {
        try
        {
            _file.Sync(SyncKind.Data);
        }
        catch (StorageException failed)
        {
            _fault = failed;
            throw;
        }

        _statistics = _statistics with { Syncs = _statistics.Syncs + 1 };
        _durable = Last;
    }

    private void CutBack()
    {
        try
        {
            _file.SetLength(_end);
        }
        catch (StorageException failed)
        {
            _fault = failed;
        }
    }

    /// <summary>Puts the records from an LSN on into a new file that takes the place of the old one.</summary>
    private void Rewrite(Lsn keepFrom)
    {
        List<byte[]> kept = [];
        for (Lsn lsn = keepFrom; lsn <= Last; lsn = lsn.Next)
        {
            kept.Add(Payload(lsn)!);
        }

        // A log that is not marked clean may keep its old records after a failure; one that is would contradict its
        // mark.
        MarkUnclean();
        IStorageFile next = WriteNext(keepFrom, kept);
        _file.Dispose();
        _file = next;
        _first = keepFrom;
        _durable = Last;
    }

    private IStorageFile WriteNext(Lsn first, List<byte[]> payloads)
    {
        IStorageDirectory files = _context.Files;
        SnapshotFile.DeleteIfPresent(files, NextName);
        Lsn last = new(first.Value - 1 + (ulong)payloads.Count);
        long sealedBytes = SimpleLogFormat.HeaderBytes;
        payloads.ForEach(payload => sealedBytes += SimpleLogFormat.FrameBytes + payload.Length);
        List<long> offsets = [];
        long end = SimpleLogFormat.HeaderBytes;
        IStorageFile file = files.Open(NextName, FileIntent.CreateNew);
        try
        {
            file.Write(SimpleLogFormat.Header(_context.StoreId, first, sealedBytes), 0);
            foreach (byte[] payload in payloads)
            {
                Lsn lsn = new(first.Value + (ulong)offsets.Count);
                byte[] frame = SimpleLogFormat.Frame(_checksum, _context.StoreId, end, lsn, last, payload);
                file.Write(frame, end);
                offsets.Add(end);
                end += frame.Length;
            }

            file.Sync(SyncKind.Full);
            ReplaceBy(NextName);
        }
        catch
        {
            file.Dispose();
            throw;
        }

        _offsets.Clear();
        _offsets.AddRange(offsets);
        _end = end;
        return file;
    }

    private void ReplaceBy(string name)
    {
        try
        {
            _context.Files.Rename(name, FileName);
            _context.Files.Sync();
        }
        catch (StorageException failed)
        {
            // Which of the two files a restart finds is unknown.
            _fault = failed;
            throw;
        }
    }

    private void MarkUnclean()
    {
        if (_isMarkedClean)
        {
            SnapshotFile.DeleteIfPresent(_context.Files, CleanName);
            _context.Files.Sync();
            _isMarkedClean = false;
        }
    }

    private void WriteMark()
    {
        SnapshotFile.DeleteIfPresent(_context.Files, CleanName);
        using IStorageFile mark = _context.Files.Open(CleanName, FileIntent.CreateNew);
        mark.Write(MarkBytes(), 0);
        mark.Sync(SyncKind.Full);
        _context.Files.Sync();
    }

    /// <summary>Whether the log was closed in order; then it has to be as it was left.</summary>
    private bool IsMarked(long torn)
    {
        if (!_context.Files.Exists(CleanName))
        {
            return false;
        }

        using IStorageFile mark = _context.Files.Open(CleanName, FileIntent.Read);
        byte[] found = new byte[MarkLength];
        bool whole = mark.Read(found, 0) == MarkLength
            && BinaryPrimitives.ReadUInt32LittleEndian(found.AsSpan(32)) == Crc32C.Of(found.AsSpan(0, 32));
        if (whole && (torn != 0 || !found.AsSpan().SequenceEqual(MarkBytes())))
        {
            throw StorageException.Corrupt(_file.Path, _end, $"the log was closed in order and ends at {_end} now");
        }

        return whole;
    }

    private byte[] MarkBytes()
    {
        byte[] mark = new byte[MarkLength];
        _context.StoreId.TryWriteBytes(mark);
        BinaryPrimitives.WriteUInt64LittleEndian(mark.AsSpan(16), Last.Value);
        BinaryPrimitives.WriteInt64LittleEndian(mark.AsSpan(24), _end);
        BinaryPrimitives.WriteUInt32LittleEndian(mark.AsSpan(32), Crc32C.Of(mark.AsSpan(0, 32)));
        return mark;
    }

    private T Locked<T>(Func<T> read)
    {
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return read();
        }
    }

    private void ThrowIfUnusable()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_fault is not null)
        {
            throw StorageException.Faulted("the log", _fault);
        }
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"log {_first} to {Last}");
}
