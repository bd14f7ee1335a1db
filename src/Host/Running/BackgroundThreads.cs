using System.Runtime.CompilerServices;

namespace Mortise.Host.Running;

/// <summary>Threads of their own for background work.</summary>
/// <remarks>
/// <para>Steps take milliseconds to seconds of a processor. On the thread pool, which starts with as many threads as there are
/// processors, a continuation that somebody waits for would queue behind them. As many threads as processors run here. Their
/// priority is that of all others: a collection of garbage waits for each of them to get a processor.</para>
/// <para>A step may wait for another one: when all threads are taken and none has come back for a while, there is one
/// more. Threads that have nothing to do for a while end. Threads: all members from any thread.</para>
/// </remarks>
/// <param name="most">Threads, unless they wait for each other.</param>
internal sealed class BackgroundThreads(int most)
{
    private static readonly TimeSpan s_idle = TimeSpan.FromSeconds(5);
    private static readonly TimeSpan s_stuck = TimeSpan.FromMilliseconds(250);

    private readonly object _gate = new();
    private readonly Queue<IThreadPoolWorkItem> _queue = new();
    private int _threads;
    private int _idle;
    private long _taken;
    private bool _isWatching;

    /// <summary>Those of the process.</summary>
    public static BackgroundThreads Shared { get; } = new(Environment.ProcessorCount);

    /// <summary>Runs something soon.</summary>
    public void Queue(IThreadPoolWorkItem item)
    {
        lock (_gate)
        {
            _queue.Enqueue(item);
            if (_idle >= _queue.Count)
            {
                Monitor.Pulse(_gate);
            }
            else if (_threads < most)
            {
                Start();
            }
            else if (!_isWatching)
            {
                _isWatching = true;
                _ = WatchAsync();
            }
        }
    }

    private void Start()
    {
        _threads++;
        new Thread(Run) { IsBackground = true, Name = "background work" }.UnsafeStart();
    }

    /// <summary>Looks, while something waits, whether threads come back.</summary>
    private async Task WatchAsync()
    {
        while (true)
        {
            long before = Interlocked.Read(ref _taken);
            await Task.Delay(s_stuck).ConfigureAwait(false);
            lock (_gate)
            {
                if (_queue.Count == 0)
                {
                    _isWatching = false;
                    return;
                }

                if (_taken == before)
                {
                    Start();
                }
            }
        }
    }

    private void Run()
    {
        SynchronizationContext.SetSynchronizationContext(new StepsOnly());
        while (RunNext())
        {
            // Nothing of what was run is kept on this stack meanwhile: a plugin may be unloaded.
        }
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private bool RunNext()
    {
        if (Take() is not { } item)
        {
            return false;
        }

        item.Execute();
        return true;
    }

    private IThreadPoolWorkItem? Take()
    {
        lock (_gate)
        {
            while (_queue.Count == 0)
            {
                _idle++;
                bool isPulsed = _threads <= most && Monitor.Wait(_gate, s_idle);
                _idle--;
                if (!isPulsed && _queue.Count == 0)
                {
                    _threads--;
                    return null;
                }
            }

            _taken++;
            return _queue.Dequeue();
        }
    }

    /// <summary>While a thread has a context of its own, whoever awaits what a step completes goes on elsewhere, on the thread
    /// pool, and takes no step's thread.</summary>
    private sealed class StepsOnly : SynchronizationContext;
}
