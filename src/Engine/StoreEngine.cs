using Mortise.Components;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>A crash-safe store made of a log, a record store and index families. Records and keys are bytes.</summary>
/// <remarks>
/// <para>Role: the one place that knows how the parts make a whole. The log is the truth; everything else is a
/// projection of it that can be caught up or rebuilt.</para>
/// <para>Threads: all members from any thread. Writes are decided and applied one group at a time; readers hold a
/// <see cref="StoreView"/> and wait for nobody.</para>
/// <para>Errors: a write that fails before the log has it fails alone. After a failure of the log, or of a part while
/// applying what the log has, every write throws <see cref="StorageErrorCode.Faulted"/> until the store is reopened;
/// reads go on.</para>
/// </remarks>
public sealed partial class StoreEngine : IAsyncDisposable
{
    private readonly OpenedParts _parts;
    private readonly IReadOnlyDictionary<string, IKeyProjection> _projections;
    private readonly VersionHolder _versions;
    private readonly SyncPolicy _sync;
    private readonly StoreMetrics _metrics;
    private readonly FamilyFaults _faults;
    private readonly CommitPipeline _pipeline;
    private readonly WriterQueue _queue;
    private readonly Checkpointer _checkpointer;
    private readonly IComponentLog _log;
    private readonly ITimer _checkpointTimer;
    private readonly SemaphoreSlim _checkpointing = new(1, 1);
    private readonly SemaphoreSlim _compacting = new(1, 1);
    private readonly CancellationTokenSource _closed = new();
    private Task _background = Task.CompletedTask;
    private long _bytesAtCheckpoint;
    private int _automatic;
    private int _closing;
    private int _faultTold;

    private StoreEngine(
        OpenedParts parts,
        OpenReport report,
        bool isManifestCurrent,
        IWritePlanner planner,
        IReadOnlyDictionary<string, IKeyProjection> projections)
    {
        _parts = parts;
        _projections = projections;
        OpenReport = report;
        _log = parts.Composition.Logs("engine");
        _versions = new VersionHolder(parts);
        _versions.Publish(parts.Log.LastLsn, parts.Families);
        _sync = new SyncPolicy(parts, FaultAndReport);
        _metrics = new StoreMetrics(parts);
        _checkpointer = new Checkpointer(parts, _versions, isManifestCurrent);
        _faults = new FamilyFaults(parts, _versions, _checkpointer, _closed.Token)
        {
            Rebuild = async part => await SwitchFamilyAsync(part, null, _closed.Token).ConfigureAwait(false),
            OnWriter = RunOnWriterAsync,
        };
        _pipeline = new CommitPipeline(parts, planner, _versions, _sync, _metrics, _faults, OnFault);
        _queue = new WriterQueue(
            RunGroupAsync,
            parts.Composition.Time,
            parts.Composition.Options.SyncMode == SyncMode.Always
                ? new GroupGathering(parts.Composition.Time, GroupGathering.LetOthersRun)
                : null);
        TimeSpan interval = parts.Composition.Options.CheckpointInterval;
        _checkpointTimer = parts.Composition.Time.CreateTimer(
            static state => ((StoreEngine)state!).CheckpointWhenWritten(), this, interval, interval);
        _metrics.Publish(report, _versions, () => FaultCause is not null);
    }

    /// <summary>What opening the store found and did.</summary>
    public OpenReport OpenReport { get; }

    /// <summary>Why the store refuses writes; null while it takes them.</summary>
    public Exception? FaultCause => _pipeline.FaultCause;

    /// <summary>The store's records. Locations come from views; see <see cref="StoreView.Records"/>.</summary>
    public IRecordStore Records => _parts.Records;

    /// <summary>Opens or creates a store.</summary>
    /// <param name="composition">The stack. The engine owns what it opens from it.</param>
    /// <param name="projections">By the names that the families use.</param>
    /// <param name="planner">Decides writes; called on one thread at a time.</param>
    /// <param name="cancellation">Stops opening; nothing stays open.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Locked"/>,
    /// <see cref="StorageErrorCode.InvalidConfiguration"/>, a format refusal that names both sides, or
    /// <see cref="StorageErrorCode.Corrupt"/>.</exception>
    public static async ValueTask<StoreEngine> OpenAsync(
        StoreComposition composition,
        IReadOnlyDictionary<string, IKeyProjection> projections,
        IWritePlanner planner,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(composition);
        ArgumentNullException.ThrowIfNull(projections);
        ArgumentNullException.ThrowIfNull(planner);
        var parts = new OpenedParts(composition);
        var opener = new StoreOpener(parts, projections);
        await opener.OpenAsync(cancellation).ConfigureAwait(false);
        var engine = new StoreEngine(
            parts, opener.Report, opener.IsManifestCurrent, planner, projections);
        foreach ((string family, StorageException cause) in opener.SetAside)
        {
            engine._faults.FailedOpening(family, cause);
        }

        if (opener.Report.Rebuilt.Count > 0 || opener.Report.TornCommits > 0 || opener.SetAside.Count > 0)
        {
            try
            {
                // So that the next open need not rebuild again, and never looks at commits that were given up: from here on
                // other bodies take the places of theirs.
                await engine.CheckpointAsync(cancellation).ConfigureAwait(false);
            }
            catch (Exception e)
            {
                engine._pipeline.Fault(e);
                await engine.DisposeAsync().ConfigureAwait(false);
                throw;
            }
        }

        parts.Observer.Tell(opener.Report, static (listener, report) => listener.OnOpened(report));
        return engine;
    }

    /// <summary>A view of the state after the last published group; the caller disposes it. Never waits.</summary>
    public StoreView OpenView() => _versions.OpenView();

    /// <summary>The same for one lookup, on the caller's stack.</summary>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public BriefView OpenBriefView() => _versions.OpenBriefView();

    /// <summary>Opens a view of this store that was closed once more, on what is published now; for who opens many, one after
    /// the other: nothing is allocated.</summary>
    /// <param name="closed">The caller's own: who else holds it reads the new state as if it were the old one.</param>
    /// <exception cref="InvalidOperationException">It is open.</exception>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public void Reopen(StoreView closed)
    {
        ArgumentNullException.ThrowIfNull(closed);
        _versions.Reopen(closed);
    }

    /// <summary>Decides and commits a write.</summary>
    /// <param name="write">The request; its answer may be read when the task has completed.</param>
    /// <param name="cancellation">Honoured before the write is queued, ignored after: a commit is never half.</param>
    /// <returns>Completes as the sync mode promises, after readers can see the effect.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NoSpace"/>,
    /// <see cref="StorageErrorCode.LimitExceeded"/>: nothing was written. <see cref="StorageErrorCode.SyncFailed"/>,
    /// <see cref="StorageErrorCode.Io"/>, <see cref="StorageErrorCode.Faulted"/>: whether the write survives is unknown
    /// until the store is reopened.</exception>
    public async ValueTask WriteAsync(StoreWrite write, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(write);
        cancellation.ThrowIfCancellationRequested();
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        write.MarkSubmitted();
        if (_metrics.TimesCommits)
        {
            write.SubmittedAt = _parts.Composition.Time.GetTimestamp();
        }

        await _queue.EnqueueAsync(write).ConfigureAwait(false);
        await write.Completion.ConfigureAwait(false);
    }

    /// <summary>Makes every part durable and lets the log drop what nobody needs. Writers go on meanwhile.</summary>
    /// <returns>Completes when a checkpoint that contains everything written before the call is done.</returns>
    public async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        await RunCheckpointAsync(cancellation).ConfigureAwait(false);
    }

    /// <summary>Gives the space of deleted records back, while the store serves. One at a time.</summary>
    /// <param name="options">Which segments, and how gently.</param>
    /// <param name="progress">Told of each segment when it is gone.</param>
    /// <param name="cancellation">Stops between two moves; what was moved stays moved, and a later run goes on.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Unsupported"/> when the record store cannot;
    /// <see cref="StorageErrorCode.Corrupt"/> when a record to move fails its checksum.</exception>
    public async ValueTask<CompactionReport> CompactAsync(
        CompactionOptions options, IProgress<SegmentUsage>? progress = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closing) != 0, this);
        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            if (!options.IsDryRun && _parts.Drops.All.Length > 0)
            {
                // What is moved would be in force again.
                await CleanAsync(cancellation).ConfigureAwait(false);
            }

            var compaction = new Compaction(
                _parts,
                options,
                _pipeline.Times,
                move => WriteAsync(move, cancellation),
                RunCheckpointAsync,
                ReclaimAsync);
            _parts.Observer.Tell(this, static (listener, _) => listener.OnCompactionStarted());
            CompactionReport report = await compaction.RunAsync(progress, cancellation).ConfigureAwait(false);
            _metrics.CompactionCompleted(report);
            _parts.Observer.Tell(report, static (listener, r) => listener.OnCompactionCompleted(r));
            return report;
        }
        catch (Exception e)
        {
            _parts.Observer.Tell(e, static (listener, cause) => listener.OnCompactionStopped(cause));
            throw;
        }
        finally
        {
            _compacting.Release();
        }
    }

    /// <summary>Makes or renews a copy of the store's files while it serves. See <see cref="StoreBackup"/>.</summary>
    /// <param name="target">An empty directory, or one with an earlier copy.</param>
    /// <param name="cancellation">Stops; an earlier copy is still there.</param>
    /// <returns>The copy holds everything that was acknowledged before the call.</returns>
    /// <exception cref="StorageException">As <see cref="StoreBackup.RunAsync"/>.</exception>
    public async ValueTask<BackupReport> BackupAsync(IStorageDirectory target, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(target);
        await CheckpointAsync(cancellation).ConfigureAwait(false);

        // No segment is given back meanwhile, so that nothing has to be copied twice.
        await _compacting.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            return await StoreBackup.RunAsync(_parts.Composition, target, cancellation).ConfigureAwait(false);
        }
        finally
        {
            _compacting.Release();
        }
    }

    /// <summary>Counts and sizes.</summary>
    public EngineStatistics GetStatistics()
    {
        var families = new List<FamilyStatistics>();
        var unhealthy = new List<(string, ComponentHealth)>();
        Note("wal", _parts.Log.Health);
        Note("records", _parts.Records.Health);
        foreach (FamilyState family in _parts.Families)
        {
            var partitions = new List<PartitionStatistics>();
            foreach (PartitionState partition in family.Partitions)
            {
                partitions.Add(new PartitionStatistics(
                    partition.Name, partition.Bounds, partition.Handle.Statistics, partition.Handle.IsOpen));
                Note(partition.Handle.Name, partition.Handle.Health);
            }

            families.Add(new FamilyStatistics
            {
                Name = family.Part.Name,
                Projection = family.Part.Projection,
                Structure = family.Part.Structure.Identity,
                Partitions = partitions,
            });
        }

        foreach ((string family, string reason) in _faults.Aside)
        {
            unhealthy.Add(($"indexes/{family}", new ComponentHealth(HealthStatus.Failed, $"set aside: {reason}")));
        }

        return new EngineStatistics
        {
            StoreId = _parts.StoreId,
            Lsn = _versions.Lsn,
            DurableLsn = _parts.Durability.DurableLsn,
            CheckpointLsn = _checkpointer.LastLsn,
            Groups = _pipeline.Groups,
            Log = _parts.Log.Statistics,
            Records = RecordsInForce(),
            Families = families,
            OpenPartitions = _parts.Indexes.Count,
            PartitionOpenings = _parts.Indexes.Now,
            Unhealthy = unhealthy,
        };

        void Note(string instance, ComponentHealth health)
        {
            if (health.Status != HealthStatus.Healthy)
            {
                unhealthy.Add((instance, health));
            }
        }
    }

    /// <summary>Counts records that were dropped and are not deleted yet among the deleted ones.</summary>
    private RecordStoreStatistics RecordsInForce()
    {
        RecordStoreStatistics all = _parts.Records.Statistics;
        long dropped = Math.Min(all.LiveRecords, _parts.Drops.RecordsLeft);
        return all with { LiveRecords = all.LiveRecords - dropped, DeadRecords = all.DeadRecords + dropped };
    }

    /// <summary>Stops taking writes, finishes those that were queued, checkpoints, and closes every part.</summary>
    /// <remarks>A store that refuses writes after a failure is closed without a checkpoint; the next open replays.</remarks>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
        {
            return;
        }

        await _checkpointTimer.DisposeAsync().ConfigureAwait(false);
        await _closed.CancelAsync().ConfigureAwait(false);
        await _background.ConfigureAwait(false);
        await _faults.DrainAsync().ConfigureAwait(false);
        try
        {
            if (FaultCause is null)
            {
                await RunCheckpointAsync(CancellationToken.None).ConfigureAwait(false);
            }
        }
        finally
        {
            // A write that slipped in behind the last one finds the store closed instead of its parts.
            await RunOnWriterAsync(() =>
            {
                _pipeline.Fault(new ObjectDisposedException(nameof(StoreEngine)));
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);

            // A checkpoint may be under way.
            await _checkpointing.WaitAsync().ConfigureAwait(false);
            await _sync.DisposeAsync().ConfigureAwait(false);
            _metrics.Dispose();
            _versions.Dispose();
            await _parts.DisposeAsync().ConfigureAwait(false);
            _checkpointing.Dispose();
            _compacting.Dispose();
            _closed.Dispose();
            _parts.Observer.Tell(this, static (listener, _) => listener.OnClosed());
        }
    }

    private async ValueTask RunGroupAsync(WriterQueue queue)
    {
        await _pipeline.RunGroupAsync(queue).ConfigureAwait(false);
        if (_parts.Indexes.IsOverfull && FaultCause is null)
        {
            await MakeRoomAsync().ConfigureAwait(false);
        }

        if (_pipeline.LoggedBytes - Volatile.Read(ref _bytesAtCheckpoint) >= _parts.Composition.Options.CheckpointBytes.Bytes)
        {
            CheckpointWhenWritten();
        }
    }

    private async ValueTask MakeRoomAsync()
    {
        try
        {
            await _parts.Indexes.MakeRoomAsync(_parts.Durability, _versions.Lsn).ConfigureAwait(false);
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            // The log holds everything, and the partitions stay open until the next attempt.
            _log.Write(ComponentLogLevel.Warning, "partitions could not be written and closed", e);
        }
        catch (Exception e)
        {
            FaultAndReport(e);
        }
    }

    /// <summary>Starts a checkpoint in the background unless one is under way or nothing was written.</summary>
    private void CheckpointWhenWritten()
    {
        if (Volatile.Read(ref _closing) == 0
            && FaultCause is null
            && (_pipeline.LoggedBytes > Volatile.Read(ref _bytesAtCheckpoint) || _parts.Drops.All.Length > 0)
            && Interlocked.CompareExchange(ref _automatic, 1, 0) == 0)
        {
            _background = Task.Run(CheckpointInBackgroundAsync);
        }
    }

    private async Task CheckpointInBackgroundAsync()
    {
        try
        {
            await RunCheckpointAsync(CancellationToken.None).ConfigureAwait(false);
            await PackAsync(_closed.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (_closed.IsCancellationRequested)
        {
            // What was packed stays packed.
        }
        catch (ObjectDisposedException) when (Volatile.Read(ref _closing) != 0)
        {
            // The store was closed meanwhile, with a checkpoint of its own.
        }
        catch (StorageException e) when (e.IsRetryable)
        {
            // The log still holds everything; the next trigger tries again.
            _log.Write(ComponentLogLevel.Warning, "a checkpoint failed and will be tried again", e);
        }
        catch (Exception e)
        {
            FaultAndReport(e);
        }
        finally
        {
            Volatile.Write(ref _automatic, 0);
        }
    }

    private async Task RunCheckpointAsync(CancellationToken cancellation)
    {
        await _checkpointing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            await CheckpointOnceAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            _metrics.CheckpointFailed();
            _parts.Observer.Tell(e, static (listener, cause) => listener.OnCheckpointFailed(cause));
            throw;
        }
        finally
        {
            _checkpointing.Release();
        }
    }

    private async Task CheckpointOnceAsync(CancellationToken cancellation)
    {
        long started = _parts.Composition.Time.GetTimestamp();
        long bytes = 0;
        PendingCheckpoint? pending = null;
        if (_parts.Log.LastLsn is var written && written > _parts.Durability.DurableLsn)
        {
            // Beside the writer, which then finds little left to wait for.
            await _parts.Durability.SyncAsync(written, cancellation).ConfigureAwait(false);
        }

        await RunOnWriterAsync(async () =>
        {
            pending = await _checkpointer.BeginAsync(cancellation).ConfigureAwait(false);
            bytes = _pipeline.LoggedBytes - _bytesAtCheckpoint;
            Volatile.Write(ref _bytesAtCheckpoint, _pipeline.LoggedBytes);
        }).ConfigureAwait(false);
        if (pending is null)
        {
            return;
        }

        _parts.Observer.Tell(pending.Through, static (listener, through) => listener.OnCheckpointStarted(through));
        await _checkpointer.CompleteAsync(pending).ConfigureAwait(false);
        _parts.Indexes.CloseIdle();
        await RunOnWriterAsync(() =>
        {
            _checkpointer.TruncateLog(pending);
            return ValueTask.CompletedTask;
        }).ConfigureAwait(false);
        var report = new CheckpointReport(
            pending.Through, bytes, _parts.Composition.Time.GetElapsedTime(started));
        _metrics.CheckpointCompleted(report);
        _parts.Observer.Tell(report, static (listener, r) => listener.OnCheckpointCompleted(r));
    }

    /// <summary>Drops a segment once nobody can name its records: no view is older than the last move, and the checkpoint
    /// after it is done.</summary>
    private async Task ReclaimAsync(int segment, CancellationToken cancellation)
    {
        await _versions.WhenNoViewIsOlderThan(_versions.Lsn).WaitAsync(cancellation).ConfigureAwait(false);
        await _checkpointing.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            ValueTask reclaiming = default;
            await RunOnWriterAsync(() =>
            {
                _parts.Records.TryGet(out IReclaimable? store);
                reclaiming = store!.ReclaimAsync(segment, cancellation);
                return ValueTask.CompletedTask;
            }).ConfigureAwait(false);
            await reclaiming.ConfigureAwait(false);
        }
        finally
        {
            _checkpointing.Release();
        }
    }

    private async ValueTask RunOnWriterAsync(Func<ValueTask> work)
    {
        var command = new EngineCommand(work);
        command.MarkSubmitted();
        await _queue.EnqueueAsync(command).ConfigureAwait(false);
        await command.Completion.ConfigureAwait(false);
    }

    private void FaultAndReport(Exception e)
    {
        e = _parts.Composition.Blame(e) ?? e;
        _pipeline.Fault(e);
        OnFault(e);
    }

    private void OnFault(Exception e)
    {
        _log.Write(ComponentLogLevel.Error, "the store failed", e);

        // What only a planner's announcement threw is no fault of the store.
        if (ReferenceEquals(FaultCause, e) && Interlocked.Exchange(ref _faultTold, 1) == 0)
        {
            _parts.Observer.Tell(e, static (listener, cause) => listener.OnFaulted(cause));
        }
    }
}
