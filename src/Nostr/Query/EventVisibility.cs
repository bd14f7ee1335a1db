namespace Mortise.Nostr;

/// <summary>Who may see which events. A query for a reader hides the others before limits count.</summary>
/// <remarks>Threads: any number at once; the answers must not change while a query runs.</remarks>
public abstract class EventVisibility
{
    /// <summary>Whether the reader may see an event. Called for each candidate: no allocation, no waiting.</summary>
    public abstract bool IsVisible(in EventView @event);
}
