namespace Mortise.Nostr;

/// <summary>Receives the events of a query. Implemented by a struct, so that the call is inlined.</summary>
public interface IEventSink
{
    /// <summary>Takes one event.</summary>
    /// <param name="event">Its bytes in place; they die when the call returns.</param>
    /// <returns>False to stop.</returns>
    bool Accept(in EventView @event);
}
