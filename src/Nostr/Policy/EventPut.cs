using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A request to store events, all in one commit.</summary>
internal sealed class EventPut : StoreWrite
{
    // Headers of the log and of deletions that a put may cause.
    private const int OverheadBytes = 64;

    private readonly int _estimatedBytes;

    public EventPut(IReadOnlyList<NostrEvent> events)
    {
        Events = events;
        Results = new PutResult[events.Count];
        long bytes = OverheadBytes;
        for (int i = 0; i < events.Count; i++)
        {
            bytes += events[i].Record.Length + OverheadBytes;
        }

        _estimatedBytes = (int)Math.Min(int.MaxValue, bytes);
    }

    public IReadOnlyList<NostrEvent> Events { get; }

    /// <summary>One for each event; set by the planner.</summary>
    public PutResult[] Results { get; }

    public override int EstimatedBytes => _estimatedBytes;
}
