using Mortise.Components;

namespace Mortise.Host.Decorating;

/// <summary>How fast bytes may become durable.</summary>
/// <remarks>What is written is charged at once and never waits; who makes it durable waits until the charge is paid.
/// So a full second's worth can be written at any time, and acknowledgements come at the rate. Threads: any.</remarks>
/// <param name="bytesPerSecond">1 and up.</param>
/// <param name="time">The clock that the rate is measured by.</param>
internal sealed class Pace(long bytesPerSecond, TimeProvider time)
{
    // Less is not worth a timer; it stays charged.
    private static readonly TimeSpan s_least = TimeSpan.FromMilliseconds(1);

    private readonly Lock _gate = new();
    private long _paidAt = time.GetTimestamp();

    /// <summary>The pace that a stack asks for.</summary>
    public static Pace Of(DecoratedSettings settings, ComponentContext context) =>
        new(settings.Throttle!.Value.Bytes, context.Time);

    /// <summary>Charges what was written.</summary>
    public void Charge(long bytes)
    {
        double ticks = (double)bytes / bytesPerSecond * time.TimestampFrequency;
        lock (_gate)
        {
            _paidAt = (long)Math.Min(long.MaxValue / 2, Math.Max(_paidAt, time.GetTimestamp()) + ticks);
        }
    }

    /// <summary>Waits until all that was charged is paid.</summary>
    public ValueTask PayAsync(CancellationToken cancellation)
    {
        long now = time.GetTimestamp();
        long paidAt;
        lock (_gate)
        {
            paidAt = _paidAt;
        }

        return time.GetElapsedTime(now, paidAt) < s_least
            ? ValueTask.CompletedTask
            : new ValueTask(Task.Delay(time.GetElapsedTime(now, paidAt), time, cancellation));
    }
}
