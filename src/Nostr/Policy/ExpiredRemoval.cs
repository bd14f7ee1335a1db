using Mortise.Engine;

namespace Mortise.Nostr;

/// <summary>A request to remove events that have expired.</summary>
/// <param name="most">The most events to remove.</param>
internal sealed class ExpiredRemoval(int most) : StoreWrite
{
    public int Most { get; } = most;

    /// <summary>Events removed; set by the planner.</summary>
    public int Removed { get; set; }

    public override int EstimatedBytes => 64 * Most;
}
