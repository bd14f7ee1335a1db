using System.Diagnostics;
using System.Reflection;
using Mortise.Components;
using Mortise.Host.Files;
using Mortise.Host.Loading;

namespace Mortise.Host.Composition;

/// <summary>What an instance of a plugin's component holds and takes.</summary>
/// <param name="Instance">Its name: <c>indexes/id/all</c>.</param>
/// <param name="Plugin">Whose code it is.</param>
/// <param name="State">How far it has come.</param>
/// <param name="OpenTime">How long opening it took; so far, while it opens.</param>
/// <param name="MemoryBytes">The memory for caches that it was granted.</param>
/// <param name="Files">Files in its directory that are open.</param>
/// <param name="Timers">Timers of it that are set.</param>
/// <param name="Works">Pieces of background work that are registered.</param>
/// <param name="Steps">Steps of those that have run.</param>
/// <param name="StepTime">How long they took together.</param>
/// <param name="Calls">How often it was called to change something, or to make it durable; reads are not
/// counted.</param>
/// <param name="CallTime">How long those calls took together, waiting included.</param>
/// <param name="Faults">How often it threw what its contract does not allow: while it opened, or in a step.</param>
/// <param name="Leaks">What it held when it was closed: files by name, timers and works by the method that made
/// them.</param>
public sealed record InstanceUse(
    string Instance,
    PluginOrigin Plugin,
    InstanceState State,
    TimeSpan OpenTime,
    long MemoryBytes,
    int Files,
    int Timers,
    int Works,
    long Steps,
    TimeSpan StepTime,
    long Calls,
    TimeSpan CallTime,
    int Faults,
    IReadOnlyList<string> Leaks);

/// <summary>Counts what one instance holds and takes. Costs nothing per record read: files are counted by the
/// directory, timers and background work are few, and calls are those that come once a commit or less often.</summary>
/// <remarks>Keeps nothing of the plugin once the instance is closed, but texts. Threads: any.</remarks>
internal sealed class InstanceAccount(
    PluginOrigin plugin, ComponentContext context, TimeProvider clock, FlightRecorder.Flight? flight)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<object, string> _timers = [];
    private readonly Dictionary<object, string> _works = [];
    private readonly long _begun = clock.GetTimestamp();
    private readonly InstanceLifecycle _lifecycle = new(context.InstanceName);
    private IReadOnlyList<string> _leaks = [];
    private TimeSpan _openTime;
    private long _steps;
    private long _stepTicks;
    private long _calls;
    private long _callTicks;
    private int _faults;

    /// <summary>The same context, with what is counted in the place of what is not.</summary>
    public ComponentContext Watched(IServiceProvider services) => new()
    {
        InstanceName = context.InstanceName,
        StoreId = context.StoreId,
        Files = context.Files,
        Time = new CountedTime(this, context.Time),
        Background = new CountedBackground(this, context.Background),
        Seed = context.Seed,
        Log = context.Log,
        Meter = context.Meter,
        Cache = context.Cache,
        Services = services,
    };

    /// <summary>Its plugin is asked to open it.</summary>
    public void Opening() => _lifecycle.MoveTo(InstanceState.Opening);

    /// <summary>It opened.</summary>
    public void Opened() => Reach(InstanceState.Open);

    /// <summary>It did not.</summary>
    public void Failed()
    {
        Interlocked.Increment(ref _faults);
        Reach(InstanceState.Failed);
        flight?.End();
    }

    /// <summary>Nothing new begins to use it.</summary>
    public void Drain() => _lifecycle.MoveTo(InstanceState.Draining);

    /// <summary>Begins a call that is counted and, should the process die meanwhile, remembered.</summary>
    public Call Begin(FlightPhase phase) => new(this, phase, clock.GetTimestamp());

    /// <summary>It is closed: what it holds now is lost.</summary>
    /// <returns>What that is.</returns>
    public IReadOnlyList<string> Close()
    {
        // The engine may give up an instance that is still open, or still being opened.
        switch (_lifecycle.State)
        {
            case InstanceState.Open:
                _lifecycle.MoveTo(InstanceState.Draining);
                break;
            case InstanceState.Opening:
                _lifecycle.MoveTo(InstanceState.Failed);
                break;
            default:
                break;
        }

        _lifecycle.MoveTo(InstanceState.Closed);
        flight?.End();
        lock (_gate)
        {
            _leaks =
            [
                .. OpenFiles().Select(static path => $"the file {path} is open"),
                .. _timers.Values.Select(static by => $"a timer is set, made in {by}"),
                .. _works.Values.Select(static by => $"background work is registered: {by}"),
            ];
            _timers.Clear();
            _works.Clear();
            return _leaks;
        }
    }

    /// <summary>What it is now.</summary>
    public InstanceUse Use()
    {
        InstanceState state = _lifecycle.State;
        lock (_gate)
        {
            return new InstanceUse(
                context.InstanceName,
                plugin,
                state,
                state == InstanceState.Opening ? clock.GetElapsedTime(_begun) : _openTime,
                state == InstanceState.Closed ? 0 : context.Cache?.TargetBytes ?? 0,
                state == InstanceState.Closed ? 0 : OpenFiles().Count,
                _timers.Count,
                _works.Count,
                Interlocked.Read(ref _steps),
                TimeSpan.FromTicks(Interlocked.Read(ref _stepTicks)),
                Interlocked.Read(ref _calls),
                TimeSpan.FromTicks(Interlocked.Read(ref _callTicks)),
                Volatile.Read(ref _faults),
                _leaks);
        }
    }

    private void Reach(InstanceState state)
    {
        _lifecycle.MoveTo(state);
        lock (_gate)
        {
            _openTime = clock.GetElapsedTime(_begun);
        }
    }

    private IReadOnlyList<string> OpenFiles() => (context.Files as PosixDirectory)?.OpenFilesBelow() ?? [];

    private void Count(Dictionary<object, string> into, object what, string by)
    {
        lock (_gate)
        {
            into[what] = by;
        }
    }

    private void Forget(Dictionary<object, string> from, object what)
    {
        lock (_gate)
        {
            from.Remove(what);
        }
    }

    /// <summary>The plugin's method that calls, as its author wrote it.</summary>
    private static string Caller()
    {
        foreach (StackFrame frame in new StackTrace(2, fNeedFileInfo: false).GetFrames())
        {
            if (frame.GetMethod() is { DeclaringType.Assembly: var assembly } method && !IsOurs(assembly))
            {
                return PluginBlame.Describe(method);
            }
        }

        return "unknown code";
    }

    private static bool IsOurs(Assembly assembly) =>
        assembly == typeof(InstanceAccount).Assembly || PluginLoadContext.IsFramework(assembly.GetName().Name ?? "");

    private sealed class CountedTime(InstanceAccount account, TimeProvider inner) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

        public override long TimestampFrequency => inner.TimestampFrequency;

        public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

        public override long GetTimestamp() => inner.GetTimestamp();

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            account._lifecycle.RequireAlive("set a timer");
            var timer = new CountedTimer(account, inner.CreateTimer(callback, state, dueTime, period));
            account.Count(account._timers, timer, Caller());
            return timer;
        }
    }

    private sealed class CountedTimer(InstanceAccount account, ITimer inner) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => inner.Change(dueTime, period);

        public void Dispose()
        {
            account.Forget(account._timers, this);
            inner.Dispose();
        }

        public ValueTask DisposeAsync()
        {
            account.Forget(account._timers, this);
            return inner.DisposeAsync();
        }
    }

    private sealed class CountedBackground(InstanceAccount account, IBackground inner) : IBackground
    {
        public IBackgroundWork Register(string name, Func<CancellationToken, StepResult> step) =>
            Counted(name, step, inner.Register);

        public IBackgroundWork RegisterUrgent(string name, Func<CancellationToken, StepResult> step) =>
            Counted(name, step, inner.RegisterUrgent);

        private CountedWork Counted(
            string name,
            Func<CancellationToken, StepResult> step,
            Func<string, Func<CancellationToken, StepResult>, IBackgroundWork> register)
        {
            ArgumentNullException.ThrowIfNull(step);
            account._lifecycle.RequireAlive("register background work");
            var work = new CountedWork(account, register(name, stop => account.Run(step, stop)));
            account.Count(account._works, work, name);
            return work;
        }
    }

    private StepResult Run(Func<CancellationToken, StepResult> step, CancellationToken stop)
    {
        using FlightRecorder.Flight.Mark mark = Mark(FlightPhase.Step);
        long started = clock.GetTimestamp();
        try
        {
            return step(stop);
        }
        catch (Exception e) when (e is not OperationCanceledException || !stop.IsCancellationRequested)
        {
            Interlocked.Increment(ref _faults);
            throw;
        }
        finally
        {
            Interlocked.Increment(ref _steps);
            Interlocked.Add(ref _stepTicks, clock.GetElapsedTime(started).Ticks);
        }
    }

    private sealed class CountedWork(InstanceAccount account, IBackgroundWork inner) : IBackgroundWork
    {
        public Exception? Fault => inner.Fault;

        public void Signal() => inner.Signal();

        public async ValueTask DisposeAsync()
        {
            await inner.DisposeAsync().ConfigureAwait(false);
            account.Forget(account._works, this);
        }
    }

    /// <summary>A call under way; ends when it is disposed.</summary>
    internal readonly struct Call(InstanceAccount account, FlightPhase phase, long began) : IDisposable
    {
        private readonly FlightRecorder.Flight.Mark _mark = account.Mark(phase);

        public void Dispose()
        {
            _mark.Dispose();
            Interlocked.Increment(ref account._calls);
            Interlocked.Add(ref account._callTicks, account.Since(began));
        }
    }

    private FlightRecorder.Flight.Mark Mark(FlightPhase phase) => flight?.Enter(phase) ?? default;

    private long Since(long began) => clock.GetElapsedTime(began).Ticks;
}
