namespace Mortise.Nostr;

/// <summary>How long some events are kept.</summary>
/// <remarks>Immutable; any thread. An absent condition is met by every event.</remarks>
public sealed class RetentionRule
{
    /// <summary>Ranges of kinds, both ends included; null for all.</summary>
    public IReadOnlyList<(int First, int Last)>? Kinds { get; init; }

    /// <summary>The authors; null for all.</summary>
    public IdSet? Authors { get; init; }

    /// <summary>How long after their <c>created_at</c> events are kept; null for ever.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>True when the rule is about an event.</summary>
    public bool Matches(in EventView @event)
    {
        if (Authors is not null && !Authors.Contains(@event.PublicKey))
        {
            return false;
        }

        if (Kinds is null)
        {
            return true;
        }

        foreach ((int first, int last) in Kinds)
        {
            if (@event.Kind >= first && @event.Kind <= last)
            {
                return true;
            }
        }

        return false;
    }
}
