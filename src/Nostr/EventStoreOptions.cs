using Mortise.Indexing;

namespace Mortise.Nostr;

/// <summary>How a store of events behaves, besides its stack.</summary>
public sealed class EventStoreOptions
{
    /// <summary>The rules for taking events.</summary>
    public EventPolicyOptions Policy { get; init; } = new();

    /// <summary>Live events that wait for a subscription's consumer, at most, unless the subscriber says
    /// otherwise.</summary>
    public int SubscriptionQueue { get; init; } = 1024;

    /// <summary>Projections besides the bundled ones, by the names that the stack uses; a name may replace a bundled
    /// one.</summary>
    public IReadOnlyDictionary<string, IKeyProjection> Projections { get; init; } =
        new Dictionary<string, IKeyProjection>();
}
