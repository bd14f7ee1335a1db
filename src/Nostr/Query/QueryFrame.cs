using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>What one query is made of: the view that it reads, and the objects that answer it.</summary>
/// <remarks>
/// <para>Rented as a whole from <see cref="QueryFrames"/> and given back as a whole by <see cref="Dispose"/>, so that a
/// query allocates nothing once there are frames. In between it belongs to whoever rented it, alone. One that is never
/// given back is garbage, as its view is never closed.</para>
/// <para>One thread at a time.</para>
/// </remarks>
/// <param name="frames">Where it goes back to.</param>
/// <param name="view">Open.</param>
internal sealed class QueryFrame(QueryFrames frames, StoreView view) : IDisposable
{
    /// <summary>The state that the query sees.</summary>
    public StoreView View { get; } = view;

    /// <summary>Answers; begun by the renter.</summary>
    public QueryExecution Execution { get; } = new();

    /// <summary>Ends the query, closes the view and gives the frame back; once, since it is another's then.</summary>
    public void Dispose()
    {
        try
        {
            Execution.Dispose();
        }
        finally
        {
            View.Dispose();
        }

        frames.Keep(this);
    }
}
