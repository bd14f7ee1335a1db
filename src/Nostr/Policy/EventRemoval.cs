using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A request to remove one event, whatever it is, without remembering that.</summary>
internal sealed class EventRemoval(Id32 id) : StoreWrite
{
    public Id32 Id { get; } = id;

    /// <summary>Whether the event was there; set by the planner.</summary>
    public bool WasFound { get; set; }

    public override int EstimatedBytes => 64;
}
