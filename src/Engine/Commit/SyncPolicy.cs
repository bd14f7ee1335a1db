using Mortise.Components;

namespace Mortise.Engine;

/// <summary>Keeps the promise of the sync mode: when the log is synced, and what an acknowledgement waits for.</summary>
internal sealed class SyncPolicy : IAsyncDisposable
{
    private readonly OpenedParts _parts;
    private readonly EngineOptions _options;
    private readonly Action<Exception> _onFault;
    private readonly ITimer? _timer;
    private readonly IBackgroundWork? _soon;
    private readonly SemaphoreSlim _background = new(1, 1);
    private long _unsyncedBytes;
    private int _armed;

    public SyncPolicy(OpenedParts parts, Action<Exception> onFault)
    {
        _parts = parts;
        StoreComposition composition = parts.Composition;
        EngineOptions options = composition.Options;
        _options = options;
        _onFault = onFault;
        if (options.SyncMode == SyncMode.Batch)
        {
            _timer = composition.Time.CreateTimer(
                static state => _ = ((SyncPolicy)state!).SyncInBackgroundAsync(),
                this,
                Timeout.InfiniteTimeSpan,
                Timeout.InfiniteTimeSpan);
        }
        else if (options.SyncMode == SyncMode.Always)
        {
            _soon = composition.Background.Register("sync moves", SyncSoon);
        }
    }

    /// <summary>A commit was logged that nobody waits for: it is synced beside the writer when the mode syncs at
    /// all.</summary>
    public void Soon()
    {
        Arm();
        _soon?.Signal();
    }

    /// <summary>Bodies of a group that somebody waits for were staged: when the group has to be durable, they are synced
    /// while it is logged and applied.</summary>
    /// <returns>Completes when that is done; before it nothing of the group may be seen or acknowledged.</returns>
    public ValueTask AfterStaging() =>
        _options.SyncMode == SyncMode.Always ? _parts.Durability.StartBodies() : ValueTask.CompletedTask;

    /// <summary>Completes when commits up to <paramref name="lsn"/> may be acknowledged, but for what
    /// <see cref="AfterStaging"/> began.</summary>
    /// <param name="lsn">The last commit of a group.</param>
    /// <param name="bytes">Bytes of the group in the log, and of bodies ahead of it.</param>
    public ValueTask AfterAppend(Lsn lsn, long bytes)
    {
        switch (_options.SyncMode)
        {
            case SyncMode.Always:
                return _parts.Durability.SyncRestAsync(lsn);
            case SyncMode.Batch when Interlocked.Add(ref _unsyncedBytes, bytes) >= _options.BatchBytes.Bytes:
                Interlocked.Exchange(ref _unsyncedBytes, 0);
                return _parts.Durability.SyncFastAsync(lsn);
            case SyncMode.Batch:
                Arm();
                return ValueTask.CompletedTask;
            default:
                return ValueTask.CompletedTask;
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_timer is not null)
        {
            await _timer.DisposeAsync().ConfigureAwait(false);
        }

        if (_soon is not null)
        {
            await _soon.DisposeAsync().ConfigureAwait(false);
        }

        // A sync that the timer began has to end before the log is closed under it.
        await _background.WaitAsync().ConfigureAwait(false);
        _background.Dispose();
    }

    private void Arm()
    {
        if (_timer is not null && Interlocked.Exchange(ref _armed, 1) == 0)
        {
            _timer.Change(_options.BatchInterval, Timeout.InfiniteTimeSpan);
        }
    }

    private StepResult SyncSoon(CancellationToken cancellation)
    {
        // On this thread, unless somebody else's sync is under way; then it goes on after that one. It reports what fails,
        // and closing waits for it.
        _ = SyncInBackgroundAsync();
        return StepResult.Idle;
    }

    private async Task SyncInBackgroundAsync()
    {
        await _background.WaitAsync().ConfigureAwait(false);
        try
        {
            // Disarm first: a commit that comes after this line arms the timer again.
            Interlocked.Exchange(ref _armed, 0);
            Interlocked.Exchange(ref _unsyncedBytes, 0);
            Lsn last = _parts.Log.LastLsn;
            if (last > _parts.Durability.DurableLsn)
            {
                await _parts.Durability.SyncAsync(last).ConfigureAwait(false);
            }
        }
        catch (Exception e)
        {
            _onFault(e);
        }
        finally
        {
            _background.Release();
        }
    }
}
