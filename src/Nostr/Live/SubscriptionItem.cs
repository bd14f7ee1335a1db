namespace Mortise.Nostr;

/// <summary>What a subscription hands out next.</summary>
/// <param name="Kind">What it is.</param>
/// <param name="Event">The event; null where there is none.</param>
public readonly record struct SubscriptionItem(SubscriptionItemKind Kind, NostrEvent? Event);
