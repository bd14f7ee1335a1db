using System.Globalization;
using Mortise.Components;

namespace Mortise.Engine;

/// <summary>Says how far a long opening is: to listeners a few times a second, to the log every few seconds.</summary>
/// <remarks>Threads: one at a time, the opening thread or the one it waits for.</remarks>
internal sealed class OpeningWatch(StoreObserver observer, IComponentLog log, TimeProvider time)
{
    private static readonly TimeSpan s_tellEvery = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan s_logEvery = TimeSpan.FromSeconds(5);

    private readonly long _started = time.GetTimestamp();
    private OpeningPhase _phase;
    private long _total;
    private long _done;
    private TimeSpan _told;
    private TimeSpan _logged;

    public TimeSpan Elapsed => time.GetElapsedTime(_started);

    /// <summary>A phase begins.</summary>
    /// <param name="phase">Which.</param>
    /// <param name="total">Items it has; 0 when not known.</param>
    public void Enter(OpeningPhase phase, long total = 0)
    {
        _phase = phase;
        _total = total;
        _done = 0;
        Tell(Elapsed);
    }

    /// <summary>Items of the phase are done.</summary>
    /// <param name="items">How many more.</param>
    public void Advance(int items = 1)
    {
        // The clock is read each time, for a commit may hold thousands of records; it costs little beside a single one.
        _done += items;
        TimeSpan elapsed = Elapsed;
        if (elapsed - _told >= s_tellEvery)
        {
            Tell(elapsed);
        }

        if (elapsed - _logged >= s_logEvery)
        {
            _logged = elapsed;
            log.Write(ComponentLogLevel.Information, string.Create(
                CultureInfo.InvariantCulture,
                $"opening, {_phase.ToString().ToLowerInvariant()}: {_done} of {_total}, after {elapsed.TotalSeconds:F1} s"));
        }
    }

    private void Tell(TimeSpan elapsed)
    {
        _told = elapsed;
        observer.Tell(
            new OpeningProgress(_phase, _done, _total, elapsed), static (listener, at) => listener.OnOpening(at));
    }
}
