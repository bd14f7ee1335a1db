using System.Collections.Concurrent;

namespace Mortise.Engine;

/// <summary>Makes a single writer out of many callers.</summary>
/// <remarks>
/// The caller that finds no writer at work becomes the writer and serves the queue itself: a lone committer pays no
/// thread switch. When its own write is done and others wait, it hands the rest to the thread pool. Whatever queued while
/// one group was being made durable is the next group.
/// </remarks>
internal sealed class WriterQueue(Func<WriterQueue, ValueTask> runGroup)
{
    private readonly ConcurrentQueue<StoreWrite> _queue = new();

    // Taken from the queue and not yet wanted. A peek would do, but what was ever peeked at stays in the queue's memory.
    private StoreWrite? _first;
    private int _busy;

    private bool IsEmpty => _first is null && _queue.IsEmpty;

    /// <summary>Queues a write and sees to it that somebody serves it.</summary>
    public ValueTask EnqueueAsync(StoreWrite write)
    {
        _queue.Enqueue(write);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0 ? ServeAsync(write) : ValueTask.CompletedTask;
    }

    /// <summary>The next write, if it is one that a predicate takes; the writer only.</summary>
    public bool TryTake(Func<StoreWrite, bool> wanted, out StoreWrite? write)
    {
        write = null;
        if (_first is null && !_queue.TryDequeue(out _first))
        {
            return false;
        }

        if (!wanted(_first))
        {
            return false;
        }

        write = _first;
        _first = null;
        return true;
    }

    private async ValueTask ServeAsync(StoreWrite? own)
    {
        do
        {
            while (!IsEmpty)
            {
                await runGroup(this).ConfigureAwait(false);
                if (own is { Completion.IsCompleted: true } && !IsEmpty)
                {
                    _ = Task.Run(() => ServeAsync(null).AsTask());
                    return;
                }
            }

            // A full fence: were the queue looked at before others see that nobody is at work, a write queued between the
            // two would have no one to serve it.
            Interlocked.Exchange(ref _busy, 0);
        }
        while (!_queue.IsEmpty && Interlocked.CompareExchange(ref _busy, 1, 0) == 0);
    }
}
