using Mortise.Components;

namespace Mortise.BTreeIndex;

/// <summary>Everything that goes to disk: writing sealed groups, checkpoints, merges, resets, one after the other.</summary>
/// <remarks>
/// <para>Order of work: what was asked for first (checkpoints and resets, in the order of the calls), then groups that
/// wait in memory, then merges, a piece at a time. A checkpoint writes the groups that were sealed when it was asked
/// for, so what is on disk afterwards is the state of that moment, and no later group is written before its state is
/// durable.</para>
/// <para>Threads: steps run in the background and, when memory runs short, on the writer; a lock admits one at a time.</para>
/// <para>Errors: one that comes after the point of no return (a sync, or the meta page) closes the index for writing.
/// Others are the answer of the checkpoint that they stopped, which can be asked for again; outside of a checkpoint they
/// show in <see cref="Health"/>.</para>
/// </remarks>
internal sealed class IndexMaintenance : IAsyncDisposable
{
    private const uint MergePagesPerStep = 128;

    /// <summary>Beyond so many times the runs that are wanted, the writer helps with merging.</summary>
    private const int BacklogFactor = 3;

    private readonly ComponentContext _context;
    private readonly BTreeIndexOptions _options;
    private readonly PageFile _file;
    private readonly PageSpace _space;
    private readonly IndexState _state;
    private readonly DurableState _durable;
    private readonly Action<DiskRun> _onUnreachable;
    private readonly IBackgroundWork _work;
    private readonly Lock _stepping = new();
    private readonly Lock _gate = new();
    private readonly Queue<Request> _requests = new();
    private RunMerge? _merge;
    private Exception? _trouble;
    private bool _mergesStopped;
    private bool _isDisposed;

    public IndexMaintenance(
        ComponentContext context,
        BTreeIndexOptions options,
        PageFile file,
        PageSpace space,
        IndexState state,
        DurableState durable,
        Action<DiskRun> onUnreachable)
    {
        _context = context;
        _options = options;
        _file = file;
        _space = space;
        _state = state;
        _durable = durable;
        _onUnreachable = onUnreachable;
        _work = context.Background.Register($"{context.InstanceName}: write and merge", Step);
        if (durable.Runs.Length > 1)
        {
            Signal();
        }
    }

    /// <summary>For tests: which pages are free.</summary>
    public PageSpace Space => _space;

    public ComponentHealth Health =>
        _durable.Fault is { } fault ? new ComponentHealth(HealthStatus.Failed, fault.Message)
        : (Volatile.Read(ref _trouble) ?? _work.Fault) is { } trouble
            ? new ComponentHealth(HealthStatus.Degraded, trouble.Message)
        : ComponentHealth.Healthy;

    /// <summary>Asks for work to be looked for.</summary>
    public void Signal() => _work.Signal();

    /// <summary>Asks for a checkpoint.</summary>
    /// <param name="sealedThrough">The newest group that is part of it.</param>
    /// <param name="lsn">The last batch that is.</param>
    public Task EnqueueCheckpoint(long sealedThrough, Lsn lsn) => Enqueue(new Request(sealedThrough, lsn));

    /// <summary>Asks for everything to be discarded.</summary>
    public Task EnqueueReset() => Enqueue(new Request(-1, Lsn.None));

    /// <summary>Does the background's work on the caller's thread while too much waits in memory, and a piece of it while
    /// too many runs wait to be merged.</summary>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public void MakeRoom(long mostSealedBytes)
    {
        if (_state.Current.Disk.Length > BacklogFactor * _options.MaxRuns)
        {
            lock (_stepping)
            {
                StepLocked(throwTrouble: false, CancellationToken.None);
            }
        }

        while (SealedBytes() > mostSealedBytes)
        {
            _durable.ThrowIfFaulted();
            lock (_stepping)
            {
                if (SealedBytes() > mostSealedBytes
                    && StepLocked(throwTrouble: true, CancellationToken.None) == StepResult.Idle)
                {
                    return;
                }
            }
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _work.DisposeAsync().ConfigureAwait(false);
        lock (_gate)
        {
            _isDisposed = true;
        }

        FailRequests(new ObjectDisposedException(nameof(BTreeIndexFamily)));
        lock (_stepping)
        {
            _merge?.Dispose();
            _merge = null;
        }
    }

    private Task Enqueue(Request request)
    {
        _durable.ThrowIfFaulted();
        lock (_gate)
        {
            ObjectDisposedException.ThrowIf(_isDisposed, typeof(BTreeIndexFamily));
            _requests.Enqueue(request);
        }

        _work.Signal();
        return request.Done.Task;
    }

    private void FailRequests(Exception reason)
    {
        Request[] open;
        lock (_gate)
        {
            open = [.. _requests];
            _requests.Clear();
        }

        foreach (Request request in open)
        {
            request.Done.TrySetException(reason);
        }
    }

    private long SealedBytes()
    {
        long sum = 0;
        foreach (SealedGroup group in _state.Current.Sealed)
        {
            sum += group.Bytes;
        }

        return sum;
    }

    private StepResult Step(CancellationToken cancellation)
    {
        lock (_stepping)
        {
            return StepLocked(throwTrouble: false, cancellation);
        }
    }

    private StepResult StepLocked(bool throwTrouble, CancellationToken cancellation)
    {
        Request? request;
        lock (_gate)
        {
            if (_isDisposed)
            {
                return StepResult.Idle;
            }

            _requests.TryPeek(out request);
        }

        if (request is not null)
        {
            Answer(request);
            return StepResult.More;
        }

        if (_durable.Fault is not null)
        {
            return StepResult.Idle;
        }

        try
        {
            SealedGroup[] waiting = _state.Current.Sealed;
            if (waiting.Length > 0)
            {
                WriteGroups(waiting.Length);
                return StepResult.More;
            }

            return Merge(cancellation) ? StepResult.More : StepResult.Idle;
        }
        catch (StorageException e) when (!throwTrouble)
        {
            // What is in memory stays there and what is on disk stays valid; the next checkpoint meets the same and says so.
            Volatile.Write(ref _trouble, e);
            _context.Log.Write(ComponentLogLevel.Warning, $"{_context.InstanceName}: background writing failed", e);
            return StepResult.Idle;
        }
        catch (Exception e) when (e is not StorageException and not OperationCanceledException)
        {
            // The background stops calling a step that throws: nobody may wait for it any more.
            _durable.Close(e);
            FailRequests(e);
            throw;
        }
    }

    private void Answer(Request request)
    {
        Exception? failure = null;
        try
        {
            _durable.ThrowIfFaulted();
            if (request.IsReset)
            {
                Reset();
            }
            else
            {
                Checkpoint(request);
            }
        }
#pragma warning disable CA1031 // Whatever it is, it is the answer to whoever waits for the task.
        catch (Exception e)
#pragma warning restore CA1031
        {
            failure = e;
        }

        lock (_gate)
        {
            _requests.TryDequeue(out _);
        }

        if (failure is null)
        {
            request.Done.TrySetResult();
        }
        else
        {
            request.Done.TrySetException(failure);
        }
    }

    private void Checkpoint(Request request)
    {
        SealedGroup[] groups = _state.Current.Sealed;
        int count = 0;
        while (count < groups.Length && groups[^(count + 1)].Sequence <= request.SealedThrough)
        {
            count++;
        }

        if (count > 0)
        {
            WriteGroups(count);
        }

        _durable.Change(request.Lsn, _state.Current.Disk);
        Volatile.Write(ref _trouble, null);
    }

    private void Reset()
    {
        _merge?.Dispose();
        _merge = null;
        _state.Clear();
        _durable.Change(Lsn.None, []);
        _mergesStopped = false;
        Volatile.Write(ref _trouble, null);
    }

    /// <summary>Writes the oldest groups as one run.</summary>
    private void WriteGroups(int count)
    {
        IndexVersion version = _state.Current;
        long entries = 0;
        long bytes = 0;
        int age = 0;
        List<EntrySource> sources = [];
        ScanBounds all = new(default, ScanDirection.Forward);
        foreach (SealedGroup group in version.Sealed.AsSpan(version.Sealed.Length - count))
        {
            foreach (MemoryRun run in group.Runs)
            {
                sources.Add(new MemorySource(run, all) { Age = age++ });
                entries += run.Count;
                bytes += run.ArenaBytes + (4L * run.Count);
            }
        }

        RunWriter writer = new(_file, _space, _durable.TakeRunId(), entries, bytes);
        RunRecord? record = null;
        try
        {
            using EntryMerge merge = new([.. sources], isBackward: false, skip: 0, keepTombstones: version.Disk.Length > 0);
            while (merge.MoveNext())
            {
                EntrySource entry = merge.Current;
                writer.Add(entry.Key, entry.Value, entry.IsTombstone);
            }

            record = writer.Finish();
        }
        catch
        {
            writer.Abandon();
            throw;
        }

        DiskRun? written = record is null ? null : new DiskRun(record, _onUnreachable);
        _state.ReplaceSealed(count, written);
        written?.Release();
    }

    /// <summary>Does a piece of a merge.</summary>
    /// <returns>False when none is wanted.</returns>
    private bool Merge(CancellationToken cancellation)
    {
        if (_mergesStopped)
        {
            return false;
        }

        if (_merge is null)
        {
            IndexVersion version = _state.AcquireCurrent();
            int count = MergePolicy.Choose(version.Disk, _options.MergeFanIn, _options.MaxRuns);
            if (count == 0)
            {
                version.Release();
                return false;
            }

            _merge = new RunMerge(version, count, _file, _space, _durable.TakeRunId());
        }

        try
        {
            if (_merge.Advance(MergePagesPerStep, cancellation))
            {
                InstallMerge(_merge);
            }
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            _merge?.Dispose();
            _merge = null;

            // A damaged page would stop every merge that reads it; readers are told when they meet it.
            _mergesStopped = e is StorageException { Code: StorageErrorCode.Corrupt };
            throw;
        }

        return true;
    }

    private void InstallMerge(RunMerge merge)
    {
        DiskRun? merged = merge.Result is null ? null : new DiskRun(merge.Result, _onUnreachable);
        _state.ReplaceDisk(merge.Inputs, merged);

        // When all that was merged is durable, so can be the result, and the pages of what it replaces are free the sooner.
        DiskRun[] durable = _durable.Runs;
        int at = Array.IndexOf(durable, merge.Inputs[0]);
        bool isDurable = at >= 0 && at + merge.Inputs.Length <= durable.Length
            && durable.AsSpan(at, merge.Inputs.Length).SequenceEqual(merge.Inputs);
        _merge = null;
        merge.Dispose();
        try
        {
            if (isDurable)
            {
                DiskRun[] middle = merged is null ? [] : [merged];
                _durable.Change(_durable.Lsn, [.. durable[..at], .. middle, .. durable[(at + merge.Inputs.Length)..]]);
            }
        }
        finally
        {
            merged?.Release();
        }
    }

    /// <summary>A checkpoint or a reset that someone waits for.</summary>
    private sealed class Request(long sealedThrough, Lsn lsn)
    {
        public long SealedThrough { get; } = sealedThrough;

        public Lsn Lsn { get; } = lsn;

        public bool IsReset => SealedThrough < 0;

        public TaskCompletionSource Done { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
