using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A request to store events, all in one commit.</summary>
internal sealed class EventPut : StoreWrite
{
    // Headers of the log and of deletions that a put may cause.
    private const int OverheadBytes = 64;

    private readonly int _estimatedBytes;

    /// <param name="events">What to store.</param>
    /// <param name="publisher">Who the publisher has authenticated as; null for the store's owner.</param>
    public EventPut(IReadOnlyList<NostrEvent> events, IdSet? publisher)
    {
        Events = events;
        Publisher = publisher;
        Results = new PutResult[events.Count];
        long bytes = OverheadBytes;
        for (int i = 0; i < events.Count; i++)
        {
            bytes += events[i].Record.Length + OverheadBytes;
        }

        _estimatedBytes = (int)Math.Min(int.MaxValue, bytes);
    }

    public IReadOnlyList<NostrEvent> Events { get; }

    /// <summary>The public keys that the publisher has authenticated as; null for the store's owner.</summary>
    public IdSet? Publisher { get; }

    /// <summary>One for each event; set by the planner.</summary>
    public PutResult[] Results { get; }

    public override int EstimatedBytes => _estimatedBytes;
}
