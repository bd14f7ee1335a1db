using Mortise.Components;

namespace Mortise.Engine;

/// <summary>A piece of recovery that runs in the background, one turn after the other, and can be waited for.</summary>
/// <remarks>The end of a turn is told on the thread that reached it: whoever waits goes on there, which keeps a
/// simulation on one thread.</remarks>
internal sealed class BackgroundTurn : IAsyncDisposable
{
    private readonly Action _turn;
    private readonly IBackgroundWork? _work;
    private TaskCompletionSource? _running;

    /// <param name="background">Where to run; null for the caller's thread.</param>
    /// <param name="name">What it does, for people.</param>
    /// <param name="turn">One turn. Its exception is that of the task that waits for it.</param>
    public BackgroundTurn(IBackground? background, string name, Action turn)
    {
        _turn = turn;
        _work = background?.Register(name, Step);
    }

    /// <summary>Takes a turn; the one before is done.</summary>
    public Task RunAsync()
    {
        if (_work is null)
        {
            _turn();
            return Task.CompletedTask;
        }

        var running = new TaskCompletionSource();
        Volatile.Write(ref _running, running);
        _work.Signal();
        return running.Task;
    }

    public ValueTask DisposeAsync() => _work?.DisposeAsync() ?? ValueTask.CompletedTask;

    private StepResult Step(CancellationToken cancellation)
    {
        if (Interlocked.Exchange(ref _running, null) is not { } running)
        {
            return StepResult.Idle;
        }

        try
        {
            _turn();
        }
        catch (Exception e)
        {
            // Opening waits for the turn and fails with this.
            running.SetException(e);
            return StepResult.Idle;
        }

        running.SetResult();
        return StepResult.Idle;
    }
}
