using Mortise.Files;

namespace Mortise.Wal;

/// <summary>What there is to sync.</summary>
internal interface ISyncSource
{
    /// <summary>Adds the files that hold records which are not durable, oldest first.</summary>
    /// <returns>The last LSN that is wholly in them.</returns>
    ulong Capture(List<IStorageFile> files);

    /// <summary>The files are durable up to that LSN.</summary>
    void Synced(List<IStorageFile> files, ulong through);
}

/// <summary>One device sync for all who wait.</summary>
/// <remarks>
/// Whoever comes first leads: it syncs on its own thread everything that was appended up to that moment. Who comes
/// while that runs waits, and then one of them leads for all the others. So a single committer pays a sync and nothing
/// else, and many share one without a timer. Appends are never held up.
/// </remarks>
internal sealed class SharedSync(ISyncSource source, LogFault fault, WalMetrics metrics, ulong durable)
{
    private readonly Lock _lock = new();
    private readonly List<IStorageFile> _files = [];
    private TaskCompletionSource? _round;
    private bool _leading;
    private ulong _durable = durable;
    private long _syncs;

    public ulong Durable => Volatile.Read(ref _durable);

    /// <summary>Device syncs so far.</summary>
    public long Syncs => Volatile.Read(ref _syncs);

    /// <summary>Completes when everything up to <paramref name="through"/> is durable.</summary>
    public ValueTask SyncAsync(ulong through, CancellationToken cancellation)
    {
        if (cancellation.IsCancellationRequested)
        {
            return ValueTask.FromCanceled(cancellation);
        }

        try
        {
            fault.ThrowIfSet();
            if (through <= Durable)
            {
                return ValueTask.CompletedTask;
            }

            if (TryLead(through))
            {
                return ValueTask.CompletedTask;
            }
        }
        catch (StorageException e)
        {
            return ValueTask.FromException(e);
        }

        return WaitAsync(through, cancellation);
    }

    /// <summary>Syncs on this thread unless somebody else is at it.</summary>
    /// <returns>False when somebody else leads: nothing was done.</returns>
    public bool TryLead(ulong through)
    {
        lock (_lock)
        {
            if (_leading)
            {
                return false;
            }

            if (through <= _durable)
            {
                return true;
            }

            _leading = true;
        }

        Lead();
        return true;
    }

    /// <summary>For a log that starts over: everything before is beside the point.</summary>
    public void Restart(ulong durable)
    {
        lock (_lock)
        {
            Volatile.Write(ref _durable, durable);
        }
    }

    private async ValueTask WaitAsync(ulong through, CancellationToken cancellation)
    {
        while (true)
        {
            Task round;
            lock (_lock)
            {
                round = _leading
                    ? (_round ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task
                    : Task.CompletedTask;
            }

            await round.WaitAsync(cancellation).ConfigureAwait(false);
            if (Durable >= through)
            {
                return;
            }

            if (fault.Cause is { } cause)
            {
                throw new StorageException(
                    StorageErrorCode.SyncFailed, $"the shared sync failed: {cause.Message}", inner: cause);
            }

            if (TryLead(through))
            {
                return;
            }
        }
    }

    private void Lead()
    {
        long began = metrics.SyncBegins();
        ulong before = Durable;
        ulong target = 0;
        bool done = false;
        try
        {
            fault.ThrowIfSet();
            _files.Clear();
            target = source.Capture(_files);
            foreach (IStorageFile file in _files)
            {
                file.Sync(SyncKind.Data);
                Interlocked.Increment(ref _syncs);
            }

            source.Synced(_files, target);
            done = true;
        }
        catch (Exception e)
        {
            // No retry: the kernel may have dropped the pages and marked them clean.
            fault.Set(e);
            if (e is StorageException { Code: not (StorageErrorCode.SyncFailed or StorageErrorCode.Faulted) } other)
            {
                throw new StorageException(
                    StorageErrorCode.SyncFailed, other.Message, other.File, other.Offset, inner: other);
            }

            throw;
        }
        finally
        {
            TaskCompletionSource? round;
            lock (_lock)
            {
                if (done)
                {
                    Volatile.Write(ref _durable, Math.Max(_durable, target));
                }

                _leading = false;
                round = _round;
                _round = null;
            }

            round?.SetResult();
        }

        metrics.SyncEnded(began, target - Math.Min(target, before));
    }
}
