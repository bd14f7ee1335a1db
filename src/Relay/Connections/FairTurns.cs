namespace Mortise.Relay;

/// <summary>So many turns at once. Who waits gets one in the order of addresses, not of requests: an address that asks
/// for a thousand delays another by one of them.</summary>
/// <remarks>
/// <para>Threads: any; takes its own lock. A turn may be given back by another thread than the one that took it.</para>
/// <para>Bounded by who waits: one that gave up is forgotten when its turn would have come.</para>
/// </remarks>
/// <param name="count">Turns, 1 and up.</param>
internal sealed class FairTurns(int count)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, Queue<TaskCompletionSource>> _waiting = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();
    private int _free = count;
    private int _groups;

    /// <summary>True when somebody waits for a turn.</summary>
    public bool IsWanted => Volatile.Read(ref _groups) > 0;

    /// <summary>Takes a turn, or waits for one.</summary>
    /// <param name="group">Who asks: all of a group share one place in the order.</param>
    /// <param name="cancellation">Ends the wait with <see cref="OperationCanceledException"/>.</param>
    public ValueTask WaitAsync(string group, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        TaskCompletionSource waiter;
        lock (_gate)
        {
            if (_free > 0)
            {
                _free--;
                return ValueTask.CompletedTask;
            }

            waiter = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            if (!_waiting.TryGetValue(group, out Queue<TaskCompletionSource>? line))
            {
                _waiting.Add(group, line = new Queue<TaskCompletionSource>());
                _order.Enqueue(group);
                _groups++;
            }

            line.Enqueue(waiter);
        }

        return WaitAsync(waiter, cancellation);
    }

    /// <summary>Gives a turn back; the next address gets it.</summary>
    public void Release()
    {
        lock (_gate)
        {
            while (_order.TryDequeue(out string? group))
            {
                Queue<TaskCompletionSource> line = _waiting[group];
                TaskCompletionSource waiter = line.Dequeue();
                if (line.Count > 0)
                {
                    _order.Enqueue(group);
                }
                else
                {
                    _waiting.Remove(group);
                    _groups--;
                }

                // False when it gave up meanwhile.
                if (waiter.TrySetResult())
                {
                    return;
                }
            }

            _free++;
        }
    }

    private static async ValueTask WaitAsync(TaskCompletionSource waiter, CancellationToken cancellation)
    {
        using CancellationTokenRegistration registration = cancellation.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource)state!).TrySetCanceled(token), waiter);
        await waiter.Task.ConfigureAwait(false);
    }
}
