using Mortise.Components;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>The record store of packed, checksummed segments.</summary>
/// <remarks>
/// <para>Role: appends go to memory and from there to segment files in large writes; the log protects what no checkpoint
/// covers yet. See FORMAT.md for the files.</para>
/// <para>Threads: as the contract says. The writer's calls share a lock with closing only; readers take none.</para>
/// <para>Errors: a device that is full or fails a write leaves the records in memory, readable, and the write is repeated
/// from there; <see cref="Plan"/> refuses more when too much waits. A failed sync closes the store for writing until it
/// is reopened.</para>
/// </remarks>
internal sealed class SegmentRecordStore : IRecordStore, IRecordStaging, IReclaimable, IRecordSalvage
{
    private readonly ComponentContext _context;
    private readonly SegmentsOptions _options;
    private readonly IDisposable _ownership;
    private readonly SegmentCatalog _catalog;
    private readonly ReaderGate _gate = new();
    private readonly SegmentReader _reader;
    private readonly PendingWrites _pending;
    private readonly SegmentWriter _writer;
    private readonly Checkpointer _checkpointer;
    private readonly IBackgroundWork _packing;
    private readonly WriteBehind _behind;
    private readonly SemaphoreSlim _checkpoints = new(1, 1);
    private readonly Lock _writing = new();
    private readonly Lock _publishing = new();
    private readonly TaskCompletionSource _closed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private RecordTotals _totals;
    private ulong _appliedLsn;
    private ulong _durableLsn;
    private Exception? _fault;
    private bool _isClosed;
    private int _closing;

    private SegmentRecordStore(
        ComponentContext context, SegmentsOptions options, IDisposable ownership, OpenedStore opened)
    {
        _context = context;
        _options = options;
        _ownership = ownership;
        _catalog = opened.Catalog;
        _reader = new SegmentReader(_catalog, _gate);
        var pool = new BufferPool((int)options.WriteBuffer.Bytes);
        var packer = new BlockPacker(
            _catalog.StoreKey, (int)options.CompressionBlock.Bytes, options.CompressionLevel);
        _behind = new WriteBehind(_gate, context.Background);
        _pending = new PendingWrites(_catalog, _gate, pool, packer, _behind);
        _writer = new SegmentWriter(_catalog, _reader, _pending, pool, options);
        _writer.Start();
        _totals = _writer.Totals;
        _checkpointer = new Checkpointer(
            _catalog, _pending, opened.State, opened.StateBytes, options.RewriteTombstonesAbove);
        _packing = context.Background.Register("compress", _ => PackSome());
        _appliedLsn = _durableLsn = opened.State.Lsn.Value;
    }

    /// <inheritdoc/>
    public ComponentIdentity Identity { get; } = new()
    {
        PluginId = SegmentFormat.ComponentId,
        PluginVersion = typeof(SegmentRecordStore).Assembly.GetName().Version!.ToString(3),
        ComponentId = SegmentFormat.ComponentId,
        FormatName = SegmentFormat.Name,
        FormatVersion = SegmentFormat.Version,
        OldestReadableFormatVersion = SegmentFormat.OldestReadableVersion,
    };

    /// <inheritdoc/>
    public ComponentHealth Health =>
        Volatile.Read(ref _fault) is { } fault ? new ComponentHealth(HealthStatus.Failed, fault.Message)
        : _packing.Fault is { } stopped ? new ComponentHealth(HealthStatus.Failed, stopped.Message)
        : _pending.Problem is { } problem ? new ComponentHealth(HealthStatus.Degraded, problem.Message)
        : ComponentHealth.Healthy;

    /// <inheritdoc/>
    public Lsn AppliedLsn => new(Volatile.Read(ref _appliedLsn));

    /// <inheritdoc/>
    public Lsn DurableLsn => new(Volatile.Read(ref _durableLsn));

    /// <inheritdoc/>
    public int MaxRecordBytes => (int)_options.MaxRecord.Bytes;

    /// <inheritdoc/>
    public RecordStoreStatistics Statistics
    {
        get
        {
            RecordTotals totals;
            lock (_publishing)
            {
                totals = _totals;
            }

            Segment[] segments = _catalog.All;
            long disk = _checkpointer.FileBytes;
            foreach (Segment segment in segments)
            {
                disk += segment.FileBytes;
            }

            return new RecordStoreStatistics(
                totals.LiveRecords, totals.LiveBytes, totals.DeadRecords, totals.DeadBytes, disk, segments.Length);
        }
    }

    /// <summary>Opens or creates the store in the context's directory.</summary>
    public static ValueTask<IRecordStore> OpenAsync(
        ComponentContext context, SegmentsOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        foreach (OptionProblem problem in options.Validate())
        {
            throw new ArgumentException($"{problem.Option} {problem.Message}", nameof(options));
        }

        cancellation.ThrowIfCancellationRequested();
        IDisposable ownership = context.Files.TryLock(SegmentFormat.LockName)
            ?? throw new StorageException(
                StorageErrorCode.Locked, $"another process or instance has {context.InstanceName} open");
        try
        {
            OpenedStore opened = StoreOpening.Open(context, cancellation);
            return ValueTask.FromResult<IRecordStore>(
                new SegmentRecordStore(context, options, ownership, opened));
        }
        catch
        {
            ownership.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(locations.Length, lengths.Length, nameof(locations));
        foreach (int length in lengths)
        {
            if (length < 1 || length > MaxRecordBytes)
            {
                throw new ArgumentOutOfRangeException(
                    nameof(lengths), length, $"a record is 1 to {MaxRecordBytes} bytes long");
            }
        }

        lock (_writing)
        {
            ThrowIfNotWritable();
            _writer.Plan(lengths, locations);
        }
    }

    /// <inheritdoc/>
    public void Apply(in RecordBatch batch)
    {
        lock (_writing)
        {
            ThrowIfNotWritable();
            if (batch.Lsn <= AppliedLsn)
            {
                return;
            }

            if (batch.Lsn.Value > FrameFormat.MaxLsn)
            {
                throw new ArgumentException($"LSN {batch.Lsn} is beyond {FrameFormat.MaxLsn}", nameof(batch));
            }

            long inside = _gate.Enter();
            try
            {
                _writer.Check(batch);
                ApplyChecked(batch);
            }
            finally
            {
                _gate.Release(inside);
            }

            if (_writer.IsPacking)
            {
                _packing.Signal();
            }
            else
            {
                // By the writer itself, while what it appended is still in its cache: another thread would fetch every
                // line again, which was measured to cost a third more processor time.
                _pending.TryWriteClosed();
            }

            _gate.Advance();
        }
    }

    /// <inheritdoc/>
    public RecordLease Read(RecordLocation location) => _reader.Read(location);

    /// <inheritdoc/>
    public void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => _reader.ReadMany(locations, ref sink);

    /// <inheritdoc/>
    public void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        if (direction is not (ScanDirection.Forward or ScanDirection.Backward))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "must be forward or backward");
        }

        _reader.Scan(direction, ref sink);
    }

    /// <inheritdoc/>
    public void Salvage<TSink>(ScanDirection direction, Action<Finding> report, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        ArgumentNullException.ThrowIfNull(report);
        if (direction is not (ScanDirection.Forward or ScanDirection.Backward))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "must be forward or backward");
        }

        _reader.Salvage(direction, report, ref sink);
    }

    /// <inheritdoc/>
    public bool TryStage(ReadOnlySpan<byte> arena, ReadOnlySpan<StagedRecord> records, Span<ulong> checks)
    {
        lock (_writing)
        {
            ThrowIfClosedOrFaulted();
            if (_catalog.KeepsTails)
            {
                _writer.Unstage();
            }

            return _pending.Problem is null && _writer.TryStage(arena, records, checks);
        }
    }

    /// <inheritdoc/>
    public void Unstage()
    {
        lock (_writing)
        {
            ThrowIfClosedOrFaulted();
            _writer.Unstage();
        }
    }

    /// <inheritdoc/>
    public void SyncStaged()
    {
        ThrowIfClosedOrFaulted();
        try
        {
            if (_catalog.KeepsTails)
            {
                _pending.WriteTails();
            }

            _pending.SyncWritten([]);
        }
        catch (StorageException error) when (error.Code is StorageErrorCode.SyncFailed or StorageErrorCode.Faulted)
        {
            Volatile.Write(ref _fault, _fault ?? error);
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        cancellation.ThrowIfCancellationRequested();
        if (Capture() is not { } capture)
        {
            return;
        }

        await _checkpoints.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            // Device waits must not hold up the writer that asked.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            ObjectDisposedException.ThrowIf(Volatile.Read(ref _isClosed), this);
            if (_fault is { } fault)
            {
                throw StorageException.Faulted(_context.InstanceName, fault);
            }

            if (capture.Lsn > DurableLsn)
            {
                _checkpointer.Write(capture);
                Volatile.Write(ref _durableLsn, capture.Lsn.Value);
            }
        }
        catch (StorageException error) when (error.Code is StorageErrorCode.SyncFailed or StorageErrorCode.Faulted)
        {
            Volatile.Write(ref _fault, _fault ?? error);
            throw;
        }
        finally
        {
            _checkpoints.Release();
            _gate.Advance();
        }
    }

    /// <inheritdoc/>
    public IReadOnlyList<SegmentUsage> GetUsage()
    {
        Segment[] segments = _catalog.All;
        var usage = new SegmentUsage[segments.Length];
        lock (_publishing)
        {
            for (int i = 0; i < usage.Length; i++)
            {
                RecordTotals totals = segments[i].PublishedUsage;
                usage[i] = new SegmentUsage(
                    checked((int)segments[i].Number),
                    i < usage.Length - 1,
                    totals.LiveRecords,
                    totals.LiveBytes,
                    totals.DeadRecords,
                    totals.DeadBytes,
                    segments[i].FileBytes);
            }
        }

        return usage;
    }

    /// <inheritdoc/>
    public void ScanSegment<TSink>(int segment, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct =>
        _reader.ScanSegment(Existing(segment), ScanDirection.Forward, ref sink);

    /// <inheritdoc/>
    public async ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default)
    {
        await _checkpoints.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Segment reclaimed;
            lock (_writing)
            {
                ThrowIfClosedOrFaulted();
                reclaimed = Existing(segment);
                if (reclaimed == _catalog.All[^1] || reclaimed.Usage.LiveRecords > 0)
                {
                    throw new InvalidOperationException(
                        $"segment {segment} is not sealed, or holds {reclaimed.Usage.LiveRecords} live records");
                }

                // Opened now if it never was: a reader that already holds the segment must not need its name later.
                _catalog.Extents(reclaimed);
                reclaimed.Hold();
            }

            // Device waits must not hold up the writer: a sealed segment without a live record does not change any more.
            await Task.CompletedTask.ConfigureAwait(ConfigureAwaitOptions.ForceYielding);
            _checkpointer.Drop(reclaimed.Number);
            lock (_writing)
            {
                Remove(reclaimed);
            }

            DeleteDropped();
        }
        catch (StorageException error) when (error.Code is StorageErrorCode.SyncFailed or StorageErrorCode.Faulted)
        {
            Volatile.Write(ref _fault, _fault ?? error);
            throw;
        }
        finally
        {
            _checkpoints.Release();
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
        {
            await _closed.Task.ConfigureAwait(false);
            return;
        }

        lock (_writing)
        {
            Volatile.Write(ref _isClosed, true);
        }

        await _packing.DisposeAsync().ConfigureAwait(false);
        await _behind.DisposeAsync().ConfigureAwait(false);

        // A checkpoint in flight completes; one that waits finds the store closed.
        await _checkpoints.WaitAsync().ConfigureAwait(false);
        _pending.Quiesce();
        _checkpointer.Dispose();
        _gate.Close(CloseFiles);
        _ownership.Dispose();
        _checkpoints.Release();
        _closed.SetResult();
    }

    private void ApplyChecked(in RecordBatch batch)
    {
        try
        {
            _writer.Apply(batch);
        }
        catch (Exception error)
        {
            // Half a batch is in memory: nothing of it may become durable.
            Volatile.Write(ref _fault, error);
            throw;
        }

        lock (_publishing)
        {
            _totals = _writer.Totals;
            _writer.Publish();
        }

        Volatile.Write(ref _appliedLsn, batch.Lsn.Value);
    }

    /// <summary>Compresses and writes one buffer: too much work for the writer to wait for.</summary>
    private StepResult PackSome()
    {
        bool isMore = _pending.TryWriteClosed(isOne: true);
        _gate.Advance();
        return isMore ? StepResult.More : StepResult.Idle;
    }

    private CheckpointCapture? Capture()
    {
        lock (_writing)
        {
            ThrowIfClosedOrFaulted();
            if (AppliedLsn == DurableLsn)
            {
                return null;
            }

            Segment[] segments = _catalog.All;
            var entries = new SegmentEntry[segments.Length];
            for (int i = 0; i < entries.Length; i++)
            {
                (long end, uint last) = segments[i].Tail;
                entries[i] = new SegmentEntry(segments[i].Number, last, end, segments[i].Usage);
            }

            _checkpointer.Enlist(AppliedLsn, _writer.TakeDeleted());
            return new CheckpointCapture(AppliedLsn, entries);
        }
    }

    private void ThrowIfNotWritable()
    {
        ThrowIfClosedOrFaulted();
        if (_pending.UnwrittenBytes > _options.MaxUnwritten.Bytes)
        {
            _pending.WriteClosed();
        }
    }

    private void ThrowIfClosedOrFaulted()
    {
        ObjectDisposedException.ThrowIf(_isClosed, this);
        if (Volatile.Read(ref _fault) is { } fault)
        {
            throw StorageException.Faulted(_context.InstanceName, fault);
        }
    }

    private void DeleteDropped()
    {
        try
        {
            _checkpointer.DeleteDropped();
        }
        catch (StorageException error) when (error.Code is not (StorageErrorCode.SyncFailed or StorageErrorCode.Faulted))
        {
            // The segment is gone from the store; its file goes with the next reclaim or opening.
            _context.Log.Write(ComponentLogLevel.Warning, "a reclaimed segment's file could not be deleted yet", error);
        }
    }

    private Segment Existing(int segment) =>
        (segment > 0 ? _catalog.Find((uint)segment) : null)
        ?? throw new StorageException(StorageErrorCode.NotFound, $"there is no segment {segment}");

    /// <summary>The segment is gone from disk for good: no reader finds it from here on.</summary>
    private void Remove(Segment segment)
    {
        _catalog.Remove(segment);
        _writer.Forget(segment);
        lock (_publishing)
        {
            _totals = _writer.Totals;
        }

        _gate.Retire(segment.Close);
    }

    private void CloseFiles()
    {
        foreach (Segment segment in _catalog.All)
        {
            segment.Close();
        }
    }
}
