namespace Mortise.Relay;

/// <summary>The right to compute a query, for a limited time. One of its connection, and one of the relay's
/// few.</summary>
internal sealed class QueryTurn : IDisposable
{
    private readonly SemaphoreSlim _own;
    private readonly FairTurns _shared;
    private readonly string _group;
    private readonly TimeProvider _time;
    private readonly CancellationTokenSource _late;
    private TimeSpan _left;
    private long _began;
    private bool _isPaused;

    public QueryTurn(
        SemaphoreSlim own,
        FairTurns shared,
        string group,
        TimeSpan budget,
        TimeProvider time,
        CancellationToken cancellation)
    {
        _own = own;
        _shared = shared;
        _group = group;
        _time = time;
        _left = budget;
        _began = time.GetTimestamp();
        _late = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        _late.CancelAfter(budget);
    }

    /// <summary>Cancelled when the time is used up, or nobody wants the answer.</summary>
    public CancellationToken Cancellation => _late.Token;

    /// <summary>True when somebody else waits for the relay's turn.</summary>
    public bool IsWanted => _shared.IsWanted;

    /// <summary>Gives the relay's turn away, to others or while the client is slow to read: that time does not
    /// count.</summary>
    public void Pause()
    {
        _left -= _time.GetElapsedTime(_began);
        _late.CancelAfter(Timeout.InfiniteTimeSpan);
        _isPaused = true;
        _shared.Release();
    }

    /// <summary>Takes the turn back.</summary>
    public async Task ResumeAsync()
    {
        await _shared.WaitAsync(_group, Cancellation).ConfigureAwait(false);
        _isPaused = false;
        _began = _time.GetTimestamp();
        _late.CancelAfter(_left > TimeSpan.Zero ? _left : TimeSpan.Zero);
    }

    public void Dispose()
    {
        _late.Dispose();
        if (!_isPaused)
        {
            _shared.Release();
        }

        try
        {
            _own.Release();
        }
        catch (ObjectDisposedException)
        {
            // The connection has ended.
        }
    }
}
