namespace Mortise.Relay.Tests;

/// <summary>A clock that stands still until a test moves it, and may be set like that of any machine.</summary>
internal sealed class ManualClock : TimeProvider
{
    private readonly Lock _gate = new();
    private readonly List<Timer> _timers = [];
    private readonly Dictionary<TimeSpan, TaskCompletionSource> _asked = [];
    private long _now = TimeSpan.TicksPerDay;
    private DateTimeOffset _wall = DateTimeOffset.UtcNow;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _now);

    public override DateTimeOffset GetUtcNow()
    {
        lock (_gate)
        {
            return _wall;
        }
    }

    /// <summary>Sets the clock: no time passes.</summary>
    public void Set(DateTimeOffset wall)
    {
        lock (_gate)
        {
            _wall = wall;
        }
    }

    /// <summary>Ends when somebody has begun to wait for just so long.</summary>
    public Task WhenAskedAsync(TimeSpan wait)
    {
        lock (_gate)
        {
            return Asked(wait).Task;
        }
    }

    public void Advance(TimeSpan time)
    {
        Timer[] due;
        lock (_gate)
        {
            _wall += time;
            Interlocked.Add(ref _now, time.Ticks);
            due = [.. _timers.Where(t => t.Due <= _now)];
            foreach (Timer timer in due)
            {
                timer.Due = timer.Period > TimeSpan.Zero ? _now + timer.Period.Ticks : long.MaxValue;
            }
        }

        foreach (Timer timer in due)
        {
            timer.Fire();
        }
    }

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        var timer = new Timer(this, () => callback(state));
        lock (_gate)
        {
            _timers.Add(timer);
        }

        timer.Change(dueTime, period);
        return timer;
    }

    private TaskCompletionSource Asked(TimeSpan wait)
    {
        if (!_asked.TryGetValue(wait, out TaskCompletionSource? asked))
        {
            _asked.Add(wait, asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        }

        return asked;
    }

    private sealed class Timer(ManualClock clock, Action fire) : ITimer
    {
        public long Due { get; set; } = long.MaxValue;

        public TimeSpan Period { get; private set; }

        public void Fire() => fire();

        public bool Change(TimeSpan dueTime, TimeSpan period)
        {
            lock (clock._gate)
            {
                Due = dueTime < TimeSpan.Zero ? long.MaxValue : clock._now + dueTime.Ticks;
                Period = period;
                clock.Asked(dueTime).TrySetResult();
            }

            return true;
        }

        public void Dispose()
        {
            lock (clock._gate)
            {
                clock._timers.Remove(this);
            }
        }

        public ValueTask DisposeAsync()
        {
            Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
