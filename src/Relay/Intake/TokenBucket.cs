namespace Mortise.Relay;

/// <summary>A rate: so many a second in the long run, so many at once.</summary>
/// <remarks>Threads: any; takes its own lock.</remarks>
/// <param name="perSecond">Tokens a second; 0 for no limit.</param>
/// <param name="burst">Tokens that may be saved.</param>
/// <param name="time">The clock.</param>
internal sealed class TokenBucket(int perSecond, long burst, TimeProvider time)
{
    private readonly Lock _gate = new();
    private double _tokens = burst;
    private long _filledAt = time.GetTimestamp();

    /// <summary>True when nothing was taken lately: it is as a new one.</summary>
    public bool IsFull
    {
        get
        {
            lock (_gate)
            {
                Fill();
                return _tokens >= burst;
            }
        }
    }

    /// <summary>Takes one token.</summary>
    /// <returns>False when there is none.</returns>
    public bool TryTake()
    {
        if (perSecond == 0)
        {
            return true;
        }

        lock (_gate)
        {
            Fill();
            if (_tokens < 1)
            {
                return false;
            }

            _tokens--;
            return true;
        }
    }

    private void Fill()
    {
        long now = time.GetTimestamp();
        _tokens = Math.Min(burst, _tokens + time.GetElapsedTime(_filledAt, now).TotalSeconds * perSecond);
        _filledAt = now;
    }
}
