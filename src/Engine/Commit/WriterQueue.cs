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
    private int _busy;

    /// <summary>Queues a write and sees to it that somebody serves it.</summary>
    public ValueTask EnqueueAsync(StoreWrite write)
    {
        _queue.Enqueue(write);
        return Interlocked.CompareExchange(ref _busy, 1, 0) == 0 ? ServeAsync(write) : ValueTask.CompletedTask;
    }

    /// <summary>The next write, if it is one that a predicate takes; the writer only.</summary>
    public bool TryTake(Func<StoreWrite, bool> wanted, out StoreWrite? write)
    {
        if (_queue.TryPeek(out write) && wanted(write))
        {
            return _queue.TryDequeue(out write);
        }

        write = null;
        return false;
    }

    private async ValueTask ServeAsync(StoreWrite? own)
    {
        do
        {
            while (!_queue.IsEmpty)
            {
                await runGroup(this).ConfigureAwait(false);
                if (own is { Completion.IsCompleted: true } && !_queue.IsEmpty)
                {
                    _ = Task.Run(() => ServeAsync(null).AsTask());
                    return;
                }
            }

            Volatile.Write(ref _busy, 0);
        }
        while (!_queue.IsEmpty && Interlocked.CompareExchange(ref _busy, 1, 0) == 0);
    }
}
