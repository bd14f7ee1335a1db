namespace Mortise.Nostr;

/// <summary>Applies a retention policy to a store at an interval, in the background, from now on.</summary>
/// <remarks>The first run begins at once; the next an interval after the end of the one before. Dispose it before the
/// store; that waits for the commit in hand, not for the run.</remarks>
public sealed class RetentionSchedule : IAsyncDisposable
{
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private int _disposed;

    /// <summary>Begins.</summary>
    /// <param name="store">The store.</param>
    /// <param name="policy">What is too old.</param>
    /// <param name="interval">The pause between two runs; above 0.</param>
    /// <param name="time">The clock of the pauses.</param>
    /// <param name="done">Told of each run's result.</param>
    /// <param name="failed">Told why a run failed; the next one comes all the same.</param>
    public RetentionSchedule(
        EventStore store,
        RetentionPolicy policy,
        TimeSpan interval,
        TimeProvider time,
        Action<RetentionReport> done,
        Action<Exception> failed)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(time);
        ArgumentNullException.ThrowIfNull(done);
        ArgumentNullException.ThrowIfNull(failed);
        ArgumentOutOfRangeException.ThrowIfLessThanOrEqual(interval, TimeSpan.Zero);
        _running = Task.Run(() => RunAsync(store, policy, interval, time, done, failed));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
        {
            return;
        }

        await _stop.CancelAsync().ConfigureAwait(false);
        await _running.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task RunAsync(
        EventStore store,
        RetentionPolicy policy,
        TimeSpan interval,
        TimeProvider time,
        Action<RetentionReport> done,
        Action<Exception> failed)
    {
        while (!_stop.IsCancellationRequested)
        {
            try
            {
                done(await store.ApplyRetentionAsync(policy, cancellation: _stop.Token).ConfigureAwait(false));
            }
            catch (OperationCanceledException) when (_stop.IsCancellationRequested)
            {
                return;
            }
            catch (Exception e)
            {
                // Whoever runs the store is told; what is too old waits for the next run.
                failed(e);
            }

            await Task.Delay(interval, time, _stop.Token)
                .ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }
}
