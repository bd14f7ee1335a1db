using Mortise.Conformance;

namespace Mortise.Nostr.Tests;

/// <summary>A clock that can hold whoever asks it next: the writer, which asks once for each write it decides.</summary>
internal sealed class GatedTime : TimeProvider, IDisposable
{
    private readonly SemaphoreSlim _held = new(0);
    private readonly SemaphoreSlim _released = new(0);
    private int _hold;

    public SimClock Clock { get; set; } = new();

    public override long TimestampFrequency => Clock.TimestampFrequency;

    public override DateTimeOffset GetUtcNow()
    {
        if (Interlocked.Exchange(ref _hold, 0) != 0)
        {
            _held.Release();
            _released.Wait();
        }

        return Clock.GetUtcNow();
    }

    public override long GetTimestamp() => Clock.GetTimestamp();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        Clock.CreateTimer(callback, state, dueTime, period);

    /// <summary>Holds the next caller.</summary>
    public void Hold() => Volatile.Write(ref _hold, 1);

    public void WaitUntilHeld() => _held.Wait();

    public void Release() => _released.Release();

    public void Dispose()
    {
        _held.Dispose();
        _released.Dispose();
    }
}
