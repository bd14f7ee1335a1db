namespace Mortise.Nostr;

/// <summary>An event that was just written.</summary>
/// <param name="Event">The event.</param>
/// <param name="Lsn">The commit that stored it; <see cref="Lsn.None"/> for an ephemeral event, which no query will ever
/// show.</param>
public readonly record struct TailItem(NostrEvent Event, Lsn Lsn);
