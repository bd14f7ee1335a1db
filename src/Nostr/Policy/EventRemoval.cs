using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A request to remove events, whatever they are, without remembering that.</summary>
internal sealed class EventRemoval(IReadOnlyList<Id32> ids) : StoreWrite
{
    public IReadOnlyList<Id32> Ids { get; } = ids;

    /// <summary>How many were there; set by the planner.</summary>
    public int Removed { get; set; }

    public override int EstimatedBytes => 64 * Ids.Count;
}
