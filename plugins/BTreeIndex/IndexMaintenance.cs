using Mortise.Components;
using Mortise.Files;

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

    private readonly ComponentContext _context;
    private readonly BTreeIndexOptions _options;
    private readonly PageFile _file;
    private readonly PageSpace _space;
    private readonly IndexState _state;
    private readonly Action<DiskRun> _onUnreachable;
    private readonly IBackgroundWork _work;
    private readonly Lock _stepping = new();
    private readonly Lock _gate = new();
    private readonly Queue<Request> _requests = new();
    private MetaRecord _meta;
    private ulong _nextRun;
    private DiskRun[] _durable;
    private long _durableLsn;
    private RunMerge? _merge;
    private Exception? _fault;
    private Exception? _trouble;
    private bool _mergesStopped;
    private bool _isDisposed;

    public IndexMaintenance(
        ComponentContext context,
        BTreeIndexOptions options,
        PageFile file,
        PageSpace space,
        IndexState state,
        MetaRecord meta,
        DiskRun[] durable,
        Action<DiskRun> onUnreachable)
    {
        _context = context;
        _options = options;
        _file = file;
        _space = space;
        _state = state;
        _meta = meta;
        _nextRun = meta.NextRun;
        _durable = durable;
        _durableLsn = (long)meta.Lsn.Value;
        _onUnreachable = onUnreachable;
        _work = context.Background.Register($"{context.InstanceName}: write and merge", Step);
        if (durable.Length > 1)
        {
            Signal();
        }
    }

    public Lsn DurableLsn => new((ulong)Volatile.Read(ref _durableLsn));

    /// <summary>For tests: the state on disk.</summary>
    public MetaRecord Meta => _meta;

    /// <summary>For tests: which pages are free.</summary>
    public PageSpace Space => _space;

    public ComponentHealth Health =>
        Volatile.Read(ref _fault) is { } fault ? new ComponentHealth(HealthStatus.Failed, fault.Message)
        : (Volatile.Read(ref _trouble) ?? _work.Fault) is { } trouble
            ? new ComponentHealth(HealthStatus.Degraded, trouble.Message)
        : ComponentHealth.Healthy;

    /// <summary>Asks for work to be looked for.</summary>
    public void Signal() => _work.Signal();

    /// <summary>True when a version of the durable LSN has nothing that is not durable.</summary>
    public bool IsDurable(IndexVersion version)
    {
        lock (_gate)
        {
            return version.Memory.Length == 0 && Array.TrueForAll(version.Disk, run => Array.IndexOf(_durable, run) >= 0);
        }
    }

    /// <summary>Asks for a checkpoint.</summary>
    /// <param name="sealedThrough">The newest group that is part of it.</param>
    /// <param name="lsn">The last batch that is.</param>
    public Task EnqueueCheckpoint(long sealedThrough, Lsn lsn) => Enqueue(new Request(sealedThrough, lsn));

    /// <summary>Asks for everything to be discarded.</summary>
    public Task EnqueueReset() => Enqueue(new Request(-1, Lsn.None));

    /// <summary>Does the background's work on the caller's thread while too much waits in memory.</summary>
    /// <exception cref="StorageException">It cannot be written.</exception>
    public void MakeRoom(long mostSealedBytes)
    {
        while (SealedBytes() > mostSealedBytes)
        {
            ThrowIfFaulted();
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
        ThrowIfFaulted();
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

        if (_fault is not null)
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
            Volatile.Write(ref _fault, e);
            FailRequests(e);
            throw;
        }
    }

    private void Answer(Request request)
    {
        Exception? failure = null;
        try
        {
            ThrowIfFaulted();
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

        MakeDurable(request.Lsn, _state.Current.Disk);
        Volatile.Write(ref _trouble, null);
    }

    private void Reset()
    {
        _merge?.Dispose();
        _merge = null;
        _state.Clear();
        MakeDurable(Lsn.None, []);
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

        RunWriter writer = new(_file, _space, _nextRun++, entries, bytes);
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

            _merge = new RunMerge(version, count, _file, _space, _nextRun++);
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
        int at = Array.IndexOf(_durable, merge.Inputs[0]);
        bool isDurable = at >= 0 && at + merge.Inputs.Length <= _durable.Length
            && _durable.AsSpan(at, merge.Inputs.Length).SequenceEqual(merge.Inputs);
        _merge = null;
        merge.Dispose();
        try
        {
            if (isDurable)
            {
                DiskRun[] middle = merged is null ? [] : [merged];
                MakeDurable(DurableLsn, [.. _durable[..at], .. middle, .. _durable[(at + merge.Inputs.Length)..]]);
            }
        }
        finally
        {
            merged?.Release();
        }
    }

    /// <summary>Makes a list of runs the durable state: all of it or, after a crash, the one before.</summary>
    private void MakeDurable(Lsn lsn, DiskRun[] runs)
    {
        MetaRecord meta = _meta with { Epoch = _meta.Epoch + 1, Lsn = lsn };
        if (runs.Length > 0)
        {
            meta = WriteDirectory(meta, runs);
        }
        else
        {
            meta = meta with { Directory = default, DirectoryBytes = 0 };
        }

        meta = meta with { PageCount = _space.PageCount, NextRun = _nextRun };
        try
        {
            _file.File.Sync(SyncKind.Data);
            MetaPages.Write(_file.File, meta, 0);
            _file.File.Sync(SyncKind.Data);
        }
        catch (Exception e)
        {
            // Which state the disk holds is known again when it is opened.
            Volatile.Write(ref _fault, e);
            throw;
        }

        foreach (DiskRun run in runs)
        {
            run.AddReference();
        }

        DiskRun[] before;
        Extent directory = _meta.Directory;
        lock (_gate)
        {
            before = _durable;
            _durable = runs;
            _meta = meta;
        }

        Volatile.Write(ref _durableLsn, (long)lsn.Value);
        foreach (DiskRun run in before)
        {
            run.Release();
        }

        if (directory.Count > 0)
        {
            _space.Free(directory);
        }

        try
        {
            MetaPages.Write(_file.File, meta, 1);
        }
        catch (Exception e)
        {
            Volatile.Write(ref _fault, e);
            throw;
        }

        Trim();
    }

    private MetaRecord WriteDirectory(MetaRecord meta, DiskRun[] runs)
    {
        byte[] bytes = RunDirectory.Write(Array.ConvertAll(runs, static run => run.Record));
        int payload = _file.PageBytes - PageFormat.HeaderBytes;
        Extent extent = _space.Allocate((uint)((bytes.Length + payload - 1) / payload), whole: true);
        try
        {
            byte[] page = new byte[_file.PageBytes];
            for (uint i = 0; i < extent.Count; i++)
            {
                Span<byte> rest = bytes.AsSpan((int)i * payload);
                rest = rest[..Math.Min(rest.Length, payload)];
                page.AsSpan().Clear();
                PageFormat.WriteHeader(page, PageType.Directory, 0, meta.Epoch, i, 0, 0);
                System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
                    page.AsSpan(PageFormat.UsedOffset), (uint)(PageFormat.HeaderBytes + rest.Length));
                rest.CopyTo(page.AsSpan(PageFormat.HeaderBytes));
                _file.Seal(page, extent.Start + i);
                _file.Write(page, extent.Start + i);
            }
        }
        catch
        {
            _space.Free(extent);
            throw;
        }

        return meta with { Directory = extent, DirectoryBytes = (uint)bytes.Length };
    }

    /// <summary>Gives the free end of the file back.</summary>
    private void Trim()
    {
        const long WorthWhileBytes = 1 << 20;
        long wanted = (long)_space.PageCount * _file.PageBytes;
        if (_file.File.Length - wanted >= WorthWhileBytes)
        {
            _file.File.SetLength(wanted);
        }
    }

    private void ThrowIfFaulted()
    {
        if (Volatile.Read(ref _fault) is { } fault)
        {
            throw StorageException.Faulted(_context.InstanceName, fault);
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
