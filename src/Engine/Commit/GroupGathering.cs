namespace Mortise.Engine;

/// <summary>Has a group of commits wait a moment for those who will want to be in it.</summary>
/// <remarks>
/// <para>Who was in the last group comes again, as a rule, as soon as it was told; a group that began with whoever comes first
/// would sync for that one alone, while the others queue for the next: two half groups that take turns. So a group waits
/// for as many as the last one had and as were here when it ended: for a part of the time that the last one took, and for
/// nobody when there was one alone. Where the thread pool has no thread to spare, nobody is waited for either.</para>
/// <para>Threads: the writer's, one at a time.</para>
/// </remarks>
/// <param name="time">The clock.</param>
/// <param name="letOthersRun">What the writer does meanwhile.</param>
internal sealed class GroupGathering(TimeProvider time, Func<Task> letOthersRun)
{
    /// <summary>At most so many-th part of the time that the last group took ...</summary>
    private const int Part = 4;

    /// <summary>... and so many turns of others, whatever the clock says.</summary>
    private const int MostTurns = 1000;

    /// <summary>One turn of a busy pool can take much longer than a group should wait: so many times the longest ...</summary>
    private const int MuchLonger = 4;

    /// <summary>... after which so many groups wait for nobody.</summary>
    private const int GroupsAfterThat = 64;

    /// <summary>The longest, however long a group takes: whoever has more to do than to come again is not waited for.</summary>
    private static readonly TimeSpan s_longest = TimeSpan.FromMicroseconds(250);

    private int _expected;
    private int _groupsAlone;
    private TimeSpan _mostTime;

    /// <summary>Completes when what waits for a thread of the pool has had one, those among it who were told of the last
    /// group: what this queues is behind them, where a task's own continuations would be before them.</summary>
    public static Task LetOthersRun() =>
        Task.Factory.StartNew(
            static () => { }, CancellationToken.None, TaskCreationOptions.PreferFairness, TaskScheduler.Default);

    /// <summary>Completes when as many wait as are expected, or it has been long enough.</summary>
    /// <param name="waiting">How many wait now.</param>
    public ValueTask WaitAsync(Func<int> waiting)
    {
        if (_expected <= 1 || waiting() >= _expected)
        {
            return ValueTask.CompletedTask;
        }

        if (_groupsAlone > 0)
        {
            _groupsAlone--;
            return ValueTask.CompletedTask;
        }

        return GatherAsync(waiting);
    }

    /// <summary>A group has ended: who is expected in the next?</summary>
    /// <param name="taken">Its writes that somebody waited for.</param>
    /// <param name="waiting">How many wait now.</param>
    /// <param name="took">From the end of its gathering to its acknowledgement.</param>
    public void Ended(int taken, int waiting, TimeSpan took)
    {
        if (taken == 0)
        {
            // What nobody waits for says nothing about who does.
            return;
        }

        // When more came than were in it, the next group is large enough as it is.
        _expected = taken + (waiting <= taken ? waiting : 0);
        TimeSpan part = took / Part;
        _mostTime = part < s_longest ? part : s_longest;
    }

    private async ValueTask GatherAsync(Func<int> waiting)
    {
        long began = time.GetTimestamp();
        TimeSpan took = TimeSpan.Zero;
        for (int turn = 0; turn < MostTurns && took < _mostTime && waiting() < _expected; turn++)
        {
            await letOthersRun().ConfigureAwait(false);
            took = time.GetElapsedTime(began);
        }

        _groupsAlone = took > MuchLonger * s_longest ? GroupsAfterThat : 0;
    }
}
