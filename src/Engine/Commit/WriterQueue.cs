using System.Collections.Concurrent;

namespace Mortise.Engine;

/// <summary>Makes a single writer out of many callers.</summary>
/// <remarks>
/// The caller that finds no writer at work becomes the writer and serves the queue itself: a lone committer pays no
/// thread switch. When its own write is done and others wait, it hands the rest to the thread pool. Whatever queued while
/// one group was being made durable is the next group.
/// A patient write (<see cref="EngineWrite.IsPatient"/>) goes when nobody else waits. So that others who never pause cannot
/// hold it up for ever, it goes before them after some of their groups, or some time.
/// Who was in the last group comes again, as a rule, as soon as it was told; a group that began with whoever comes first
/// would sync for that one alone, and the others would wait for it. So a group waits for as many as the last one had:
/// for a part of the time that the last one took, and for nobody when there was one alone.
/// </remarks>
/// <param name="runGroup">Takes a group and serves it.</param>
/// <param name="time">The clock.</param>
/// <param name="letOthersRun">What a group that waits for those of the last one does meanwhile; null not to wait for them, where
/// a group costs no sync.</param>
internal sealed class WriterQueue(
    Func<WriterQueue, ValueTask> runGroup, TimeProvider time, Func<Task>? letOthersRun = null)
{
    /// <summary>A group waits for others at most so many-th part of the time that the last one took ...</summary>
    private const int GatheringPart = 4;

    /// <summary>... and lets others run at most so often, whatever the clock says.</summary>
    private const int MostTurns = 1000;

    /// <summary>... but no longer than this: whoever has more to do than to come again is not waited for.</summary>
    private static readonly TimeSpan s_longestGathering = TimeSpan.FromMicroseconds(250);

    /// <summary>So many groups of others go before a patient write that waits ...</summary>
    private const int MostGroupsAhead = 16;

    /// <summary>... and none when it has waited so long.</summary>
    private static readonly TimeSpan s_longestWait = TimeSpan.FromMilliseconds(20);

    private readonly ConcurrentQueue<StoreWrite> _queue = new();
    private readonly ConcurrentQueue<StoreWrite> _patient = new();

    // Taken from a queue and not yet wanted. A peek would do, but what was ever peeked at stays in the queue's memory.
    private StoreWrite? _first;
    private int _groupsAhead;
    private long _waitsSince;
    private int _taken;
    private int _expected;
    private TimeSpan _longestGathering;
    private int _busy;

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
        _taken++;
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
                if (letOthersRun is not null && _expected > 1)
                {
                    await GatherAsync(letOthersRun).ConfigureAwait(false);
                }

                Choose();
                _taken = 0;
                long began = time.GetTimestamp();
                await runGroup(this).ConfigureAwait(false);
                _expected = _taken;
                TimeSpan part = time.GetElapsedTime(began) / GatheringPart;
                _longestGathering = part < s_longestGathering ? part : s_longestGathering;

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

    /// <summary>Completes when what waits for a thread of the pool has had one, those among it who were told of the last
    /// group: what this queues is behind them, where a task's own continuations would be before them.</summary>
    public static Task LetOthersRun() =>
        Task.Factory.StartNew(
            static () => { }, CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default);

    /// <summary>Waits until as many writes are here as the last group had.</summary>
    private async ValueTask GatherAsync(Func<Task> letOthersRun)
    {
        long began = time.GetTimestamp();
        for (int turn = 0; turn < MostTurns; turn++)
        {
            if (_queue.Count + (_first is null ? 0 : 1) >= _expected || time.GetElapsedTime(began) >= _longestGathering)
            {
                return;
            }

            await letOthersRun().ConfigureAwait(false);
        }
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
            _waitsSince = time.GetTimestamp();
        }

        return _groupsAhead > MostGroupsAhead || time.GetElapsedTime(_waitsSince) > s_longestWait;
    }
}
