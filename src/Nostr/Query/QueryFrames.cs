using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>The frames of queries that have ended, for those to come.</summary>
/// <remarks>Threads: any. Memory: at most <see cref="MaxIdle"/> frames of some 10 KB; they refer to nothing but the store.
/// </remarks>
/// <param name="engine">What views are of.</param>
internal sealed class QueryFrames(StoreEngine engine)
{
    /// <summary>The most frames that wait; those of more queries at once are left to the collector.</summary>
    public const int MaxIdle = 32;

    // Places are two cache lines apart, because they are fetched in pairs; the first two are the array's own header and
    // whatever lies before it.
    private const int Stride = 16;

    private readonly QueryFrame?[] _idle = new QueryFrame?[(MaxIdle + 1) * Stride];

    /// <summary>Rents a frame with a view of the current state.</summary>
    /// <returns>The caller's alone, until it disposes it.</returns>
    /// <exception cref="ObjectDisposedException">The store is closed.</exception>
    public QueryFrame Open()
    {
        // Threads begin at places of their own, so that they seldom meet.
        int first = Thread.GetCurrentProcessorId() % MaxIdle;
        for (int i = 0; i < MaxIdle; i++)
        {
            ref QueryFrame? place = ref _idle[(((first + i) % MaxIdle) + 1) * Stride];
            if (Volatile.Read(ref place) is not null && Interlocked.Exchange(ref place, null) is { } frame)
            {
                engine.Reopen(frame.View);
                return frame;
            }
        }

        return new QueryFrame(this, engine.OpenView());
    }

    /// <summary>Takes a frame that was rented back.</summary>
    /// <param name="frame">Ended, its view closed.</param>
    public void Keep(QueryFrame frame)
    {
        int first = Thread.GetCurrentProcessorId() % MaxIdle;
        for (int i = 0; i < MaxIdle; i++)
        {
            ref QueryFrame? place = ref _idle[(((first + i) % MaxIdle) + 1) * Stride];
            if (Volatile.Read(ref place) is null && Interlocked.CompareExchange(ref place, frame, null) is null)
            {
                return;
            }
        }
    }
}
