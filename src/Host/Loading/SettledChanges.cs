using System.Threading.Channels;

namespace Mortise.Host.Loading;

/// <summary>Turns a burst of changes into one piece of work, after the last of them.</summary>
/// <remarks>Changes while the work runs make it run once more. Threads: any.</remarks>
internal sealed class SettledChanges : IAsyncDisposable
{
    private readonly Channel<bool> _due = Channel.CreateBounded<bool>(
        new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    private readonly CancellationTokenSource _stop = new();
    private readonly TimeSpan _quiet;
    private readonly ITimer _timer;
    private readonly Task _working;
    private int _closing;

    /// <summary>Begins.</summary>
    /// <param name="quiet">For how long nothing must change.</param>
    /// <param name="time">The clock.</param>
    /// <param name="work">What is done then.</param>
    /// <param name="failed">Told what the work threw; the next change is worked on all the same.</param>
    public SettledChanges(
        TimeSpan quiet, TimeProvider time, Func<CancellationToken, Task> work, Action<Exception> failed)
    {
        _quiet = quiet;
        _timer = time.CreateTimer(
            static state => ((SettledChanges)state!)._due.Writer.TryWrite(true),
            this,
            Timeout.InfiniteTimeSpan,
            Timeout.InfiniteTimeSpan);
        _working = Task.Run(() => WorkAsync(work, failed));
    }

    /// <summary>Something has changed.</summary>
    public void Touch() => _timer.Change(_quiet, Timeout.InfiniteTimeSpan);

    /// <summary>Stops; waits for work that is under way, which is told to.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _closing, 1) != 0)
        {
            return;
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
        await _stop.CancelAsync().ConfigureAwait(false);
        await _working.ConfigureAwait(false);
        _stop.Dispose();
    }

    private async Task WorkAsync(Func<CancellationToken, Task> work, Action<Exception> failed)
    {
        try
        {
            while (await _due.Reader.WaitToReadAsync(_stop.Token).ConfigureAwait(false))
            {
                _due.Reader.TryRead(out _);
                try
                {
                    await work(_stop.Token).ConfigureAwait(false);
                }
#pragma warning disable CA1031 // Told to whoever wants to know; nobody awaits this.
                catch (Exception e) when (e is not OperationCanceledException || !_stop.IsCancellationRequested)
#pragma warning restore CA1031
                {
                    failed(e);
                }
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The end that was asked for.
        }
    }
}
