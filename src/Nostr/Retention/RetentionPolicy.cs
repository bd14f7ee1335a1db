namespace Mortise.Nostr;

/// <summary>How long a store keeps events.</summary>
/// <remarks>
/// <para>The first rule that is about an event decides. Of an event that no rule is about, <see cref="MaxAge"/> does;
/// but requests to delete and to vanish (kinds 5 and 62) are kept then, so that what they deleted does not come
/// back.</para>
/// <para>Immutable; any thread.</para>
/// </remarks>
public sealed class RetentionPolicy
{
    /// <summary>How long events are kept that no rule is about; null for ever. In a family that is partitioned by time,
    /// until the last event of their partition is that old.</summary>
    public TimeSpan? MaxAge { get; init; }

    /// <summary>Rules for some kinds or authors.</summary>
    public IReadOnlyList<RetentionRule> Rules { get; init; } = [];

    /// <summary>True when something is ever dropped.</summary>
    public bool DropsAnything => MaxAge is not null || Rules.Any(static r => r.MaxAge is not null);

    /// <summary>The first second at which an event is too old; <see cref="long.MaxValue"/> when it never is.</summary>
    public long DueAt(in EventView @event)
    {
        TimeSpan? age = @event.Kind is EventKinds.Deletion or EventKinds.Vanish ? null : MaxAge;
        foreach (RetentionRule rule in Rules)
        {
            if (rule.Matches(@event))
            {
                age = rule.MaxAge;
                break;
            }
        }

        // Times of strangers may be anything up to the largest number.
        return age is { } kept && @event.CreatedAt < long.MaxValue - (long)kept.TotalSeconds
            ? @event.CreatedAt + (long)kept.TotalSeconds + 1
            : long.MaxValue;
    }

    /// <summary>The first <c>created_at</c> that is not too old for an age.</summary>
    internal static long FirstKept(long now, TimeSpan age) => now - (long)age.TotalSeconds;
}
