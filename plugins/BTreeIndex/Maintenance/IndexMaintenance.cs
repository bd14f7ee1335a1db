using System.Runtime.InteropServices;
using Mortise.Components;

namespace Mortise.BTreeIndex;

/// <summary>Everything that goes to disk, one after the other: checkpoints, packs, resets, sealed groups,
/// merges.</summary>
/// <remarks>
/// <para>Order of work: what was asked for first, in the order of the calls, then groups that wait in memory, then
/// merges in memory, then those on disk, a piece at a time (<see cref="RunMerging"/>). A checkpoint writes the groups that
/// were sealed when it was asked for, so what is on disk afterwards is the state of that moment, and no later group is
/// written before its state is durable. A pack is a checkpoint and then a merge.</para>
/// <para>Threads: steps run in the background and, when memory runs short, on the writer; a lock admits one at a
/// time.</para>
/// <para>Errors: one that comes after the point of no return (a sync, or the meta page) closes the index for writing.
/// Others are the answer of the checkpoint that they stopped, which can be asked for again; outside of a checkpoint
/// they show in <see cref="Health"/>.</para>
/// </remarks>
internal sealed class IndexMaintenance : IAsyncDisposable
{
    /// <summary>Beyond so many times the runs that are wanted, the writer helps with merging.</summary>
    private const int BacklogFactor = 3;

    /// <summary>So many entries ahead keys are fetched while memory is written.</summary>
    private const int PrefetchDistance = 12;

    private readonly ComponentContext _context;
    private readonly BTreeIndexOptions _options;
    private readonly PageFile _file;
    private readonly PageSpace _space;
    private readonly IndexState _state;
    private readonly DurableState _durable;
    private readonly Action<DiskRun> _onUnreachable;
    private readonly IBackgroundWork _work;
    private readonly Lock _stepping = new();
    private readonly RequestQueue _requests = new();
    private readonly ReaderToll _toll = new();
    private readonly RunMerging _merging;
    private Exception? _trouble;

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
        _merging = new RunMerging(options, file, space, state, durable, _toll, onUnreachable);
        _work = context.Background.Register($"{context.InstanceName}: write and merge", Step);
    }

    /// <summary>For tests: which pages are free.</summary>
    public PageSpace Space => _space;

    public ComponentHealth Health =>
        _durable.Fault is { } fault ? new ComponentHealth(HealthStatus.Failed, fault.Message)
        : (Volatile.Read(ref _trouble) ?? _work.Fault) is { } trouble
            ? new ComponentHealth(HealthStatus.Degraded, trouble.Message)
        : ComponentHealth.Healthy;

    /// <summary>Looks for merges that the opened file has waiting.</summary>
    /// <remarks>Not part of construction: a step may run before <see cref="Signal"/> returns, and calls back into the index.</remarks>
    public void Start()
    {
        if (_durable.Runs.Length > 1)
        {
            Signal();
        }
    }

    /// <summary>Asks for work to be looked for.</summary>
    public void Signal() => _work.Signal();

    /// <summary>Takes note of what a reader paid for several runs, and looks whether it is enough for a
    /// merge.</summary>
    public void Pay(long toll)
    {
        if (MergePolicy.ChooseForReaders(_state.Current.Disk, _toll.Pay(toll), out _) > 0)
        {
            _work.Signal();
        }
    }

    /// <summary>Asks for a checkpoint.</summary>
    /// <param name="sealedThrough">The newest group that is part of it.</param>
    /// <param name="lsn">The last batch that is.</param>
    public Task EnqueueCheckpoint(long sealedThrough, Lsn lsn) =>
        Enqueue(new IndexRequest(IndexRequestKind.Checkpoint, sealedThrough, lsn));

    /// <summary>Asks for a checkpoint and for one run of everything.</summary>
    /// <param name="sealedThrough">The newest group that is part of it.</param>
    /// <param name="lsn">The last batch that is.</param>
    /// <param name="cancellation">Ends it between two pieces.</param>
    public Task EnqueuePack(long sealedThrough, Lsn lsn, CancellationToken cancellation) =>
        Enqueue(new IndexRequest(IndexRequestKind.Pack, sealedThrough, lsn, cancellation));

    /// <summary>Asks for everything to be discarded.</summary>
    public Task EnqueueReset() => Enqueue(new IndexRequest(IndexRequestKind.Reset, 0, Lsn.None));

    /// <summary>Does the background's work on the caller's thread while too much waits in memory, and a piece of it
    /// while too many runs wait to be merged.</summary>
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
        ObjectDisposedException closed = new(nameof(BTreeIndexFamily));
        _requests.Close(closed);
        lock (_stepping)
        {
            _merging.FailPacks(closed);
            _merging.Dispose();
            GiveBackAtLast();
        }
    }

    /// <summary>A closed file is no longer than it has to be: what readers have let go of since is given
    /// back.</summary>
    private void GiveBackAtLast()
    {
        if (_durable.Fault is not null)
        {
            return;
        }

        try
        {
            _durable.GiveBack();
        }
        catch (StorageException e)
        {
            _context.Log.Write(
                ComponentLogLevel.Warning, $"{_context.InstanceName}: free room was not given back: {e.Message}", e);
        }
    }

    private Task Enqueue(IndexRequest request)
    {
        _durable.ThrowIfFaulted();
        _requests.Add(request);
        _work.Signal();
        return request.Done.Task;
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
        if (_requests.IsClosed)
        {
            return StepResult.Idle;
        }

        if (_requests.Peek() is { } request)
        {
            Answer(request);
            return StepResult.More;
        }

        if (_durable.Fault is { } fault)
        {
            _merging.FailPacks(StorageException.Faulted(_context.InstanceName, fault));
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

            if (MergeInMemory() || _merging.Advance(cancellation))
            {
                return StepResult.More;
            }

            // Only when nothing else is to do: the next merge may want the pages that the last one left.
            _durable.GiveBack();
            return StepResult.Idle;
        }
        catch (StorageException e) when (!throwTrouble)
        {
            // What is in memory stays there and what is on disk stays valid; the next checkpoint meets the same and
            // says so.
            Volatile.Write(ref _trouble, e);
            _context.Log.Write(ComponentLogLevel.Warning, $"{_context.InstanceName}: background writing failed: {e.Message}", e);
            return StepResult.Idle;
        }
        catch (Exception e) when (e is not StorageException and not OperationCanceledException)
        {
            // The background stops calling a step that throws: nobody may wait for it any more.
            _durable.Close(e);
            _requests.FailAll(e);
            _merging.FailPacks(e);
            throw;
        }
    }

    private void Answer(IndexRequest request)
    {
        Exception? failure = null;
        try
        {
            _durable.ThrowIfFaulted();
            if (request.Kind == IndexRequestKind.Reset)
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

        _requests.Remove();
        if (failure is not null)
        {
            request.Done.TrySetException(failure);
        }
        else if (request.Kind == IndexRequestKind.Pack)
        {
            _merging.BeginPack(request);
        }
        else
        {
            request.Done.TrySetResult();
        }
    }

    private void Checkpoint(IndexRequest request)
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
        _merging.Reset();
        _state.Clear();
        _durable.Change(Lsn.None, []);
        Volatile.Write(ref _trouble, null);
    }

    /// <summary>Merges batches in memory that were too much for the writer to merge.</summary>
    /// <returns>False when there are none.</returns>
    private bool MergeInMemory()
    {
        MemoryRun[] inputs = [.. MemoryTier.ChooseForBackground(_state.Current.Active)];
        if (inputs.Length == 0)
        {
            return false;
        }

        _state.ReplaceActive(inputs, MemoryRunBuilder.Merge(inputs, inputs[0].Level + 1));
        return true;
    }

    /// <summary>Writes the oldest groups as one run.</summary>
    private void WriteGroups(int count)
    {
        IndexVersion version = _state.Current;
        List<MemoryRun> runs = [];
        foreach (SealedGroup group in version.Sealed.AsSpan(version.Sealed.Length - count))
        {
            runs.AddRange(group.Runs);
        }

        SlotTable entries = MemoryRunBuilder.MergeTables(CollectionsMarshal.AsSpan(runs));
        long bytes = entries.EntryBytes() + (4L * entries.Count);
        bool keepTombstones = version.Disk.Length > 0;
        RunWriter writer = new(
            _file, _space, _durable.TakeRunId(), entries.Count, bytes, RunPlacement.Pieces);
        RunRecord? record = null;
        try
        {
            for (int i = 0; i < entries.Count; i++)
            {
                entries.Prefetch(i + PrefetchDistance);
                bool isTombstone = entries.IsTombstone(i);
                if (!isTombstone || keepTombstones)
                {
                    writer.Add(entries.Key(i), entries.Value(i), isTombstone);
                }
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
}
