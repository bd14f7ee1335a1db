using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>What a query does not show, although it matches: what has expired, and what its reader may not see.</summary>
/// <remarks>Immutable; any thread. A value, since each reader's query has its own.</remarks>
/// <param name="expiry">Of the state that is read.</param>
/// <param name="visibility">The reader's; null when it may see everything.</param>
internal readonly struct EntryGuard(ExpiryGuard expiry, EventVisibility? visibility = null)
{
    /// <summary>Shows everything.</summary>
    public static EntryGuard None => new(ExpiryGuard.None);

    /// <summary>True when only the record can tell.</summary>
    public bool AsksRecords => expiry.AsksRecords || visibility is not null;

    /// <summary>True when an entry is known to be hidden, whatever its record says.</summary>
    public bool Hides(RecordLocation location) => expiry.IsExpired(location);

    /// <summary>True when the record says that it is hidden.</summary>
    public bool Hides(in EventView @event) => expiry.IsExpired(@event) || visibility?.IsVisible(@event) == false;
}
