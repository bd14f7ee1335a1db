using System.Collections.Concurrent;

namespace Mortise.Engine;

/// <summary>Makes a single writer out of many callers.</summary>
/// <remarks>
/// The caller that finds no writer at work becomes the writer and serves the queue itself: a lone committer pays no
/// thread switch. When its own write is done and others wait, it hands the rest to the thread pool. Whatever queued while
/// one group was being made durable is the next group.
/// A patient write (<see cref="EngineWrite.IsPatient"/>) goes when nobody else waits. So that others who never pause cannot
/// hold it up for ever, it goes before them after some of their groups, or some time.
/// </remarks>
internal sealed class WriterQueue
{
    /// <summary>So many groups of others go before a patient write that waits ...</summary>
    private const int MostGroupsAhead = 16;

    /// <summary>... and none when it has waited so long.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<StoreWrite> _queue = new();
    private readonly ConcurrentQueue<StoreWrite> _patient = new();
    private readonly Func<WriterQueue, ValueTask> _runGroup;
    private readonly TimeProvider _time;
    private readonly GroupGathering? _gathering;
    private readonly Func<int> _waiting;

    // Taken from a queue and not yet wanted. A peek would do, but what was ever peeked at stays in the queue's memory.
    private StoreWrite? _first;
    private int _groupsAhead;
    private long _waitsSince;
    private int _taken;
    private int _busy;

    /// <param name="runGroup">Takes a group and serves it.</param>
    /// <param name="time">The clock.</param>
    /// <param name="gathering">Whom a group waits for; null for nobody, where a group costs no sync.</param>
    public WriterQueue(Func<WriterQueue, ValueTask> runGroup, TimeProvider time, GroupGathering? gathering = null)
    {
        _runGroup = runGroup;
        _time = time;
        _gathering = gathering;
        _waiting = () => _queue.Count + (_first is null ? 0 : 1);
    }

    private bool IsEmpty => _first is null && AreQueuesEmpty;

    private bool AreQueuesEmpty => _queue.IsEmpty && _patient.IsEmpty;

    /// <summary>Queues a write and sees to it that somebody serves it.</summary>
    public ValueTask EnqueueAsync(StoreWrite write)
    {
        (IsPatient(write) ? _patient : _queue).Enqueue(write);
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
        _taken += IsPatient(write) ? 0 : 1;
        return true;
    }

    private static bool IsPatient(StoreWrite write) => write is EngineWrite { IsPatient: true };

    private async ValueTask ServeAsync(StoreWrite? own)
    {
        // Whoever nobody waits for serves one group more: those that queued meanwhile then wait for no other thread.
        bool isOneMore = own is not null && IsPatient(own);
        do
        {
            while (!IsEmpty)
            {
                await ServeGroupAsync().ConfigureAwait(false);
                if (own is { Completion.IsCompleted: true } && !IsEmpty)
                {
                    if (!isOneMore)
                    {
                        _ = Task.Run(() => ServeAsync(null).AsTask());
                        return;
                    }

                    isOneMore = false;
                }
            }

            // A full fence: were the queue looked at before others see that nobody is at work, a write queued between the
            // two would have no one to serve it.
            Interlocked.Exchange(ref _busy, 0);
        }
        while (!AreQueuesEmpty && Interlocked.CompareExchange(ref _busy, 1, 0) == 0);
    }

    private async ValueTask ServeGroupAsync()
    {
        if (_gathering is null)
        {
            Choose();
            await _runGroup(this).ConfigureAwait(false);
            return;
        }

        await _gathering.WaitAsync(_waiting).ConfigureAwait(false);
        Choose();
        _taken = 0;
        long began = _time.GetTimestamp();
        await _runGroup(this).ConfigureAwait(false);
        _gathering.Ended(_taken, _waiting(), _time.GetElapsedTime(began));
    }

    /// <summary>Makes a patient write the next one when nobody else waits, or enough of them went before it.</summary>
    private void Choose()
    {
        if (_first is null && !_patient.IsEmpty && (_queue.IsEmpty || HasWaited()))
        {
            _patient.TryDequeue(out _first);
            _groupsAhead = 0;
        }
    }

    private bool HasWaited()
    {
        if (_groupsAhead++ == 0)
        {
            _waitsSince = _time.GetTimestamp();
        }

        return _groupsAhead > MostGroupsAhead || _time.GetElapsedTime(_waitsSince) > s_longestWait;
    }
}
