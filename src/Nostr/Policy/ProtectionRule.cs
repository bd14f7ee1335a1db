namespace Mortise.Nostr;

/// <summary>Who may publish a protected event (NIP-70).</summary>
internal static class ProtectionRule
{
    /// <summary>Why a publisher may not hand in an event; null when it may.</summary>
    /// <param name="event">The event.</param>
    /// <param name="publisher">The public keys that the publisher has authenticated as.</param>
    public static string? FindReason(in EventView @event, IdSet publisher)
    {
        if (IsProtected(@event) && !publisher.Contains(@event.PublicKey))
        {
            return "this event may only be published by its author";
        }

        return EmbedsProtected(@event) ? "this event reposts one that is protected" : null;
    }

    /// <summary>True when the event has a tag named <c>-</c>.</summary>
    public static bool IsProtected(in EventView @event)
    {
        foreach (TagView tag in @event.Tags)
        {
            if (tag.Count >= 1 && tag[0].EqualsUtf8("-"u8))
            {
                return true;
            }
        }

        return false;
    }

    // Only a repost that may hold such a tag, written plainly or escaped, is parsed. What is no event that anybody
    // could publish is ignored.
    private static bool EmbedsProtected(in EventView @event) =>
        @event.Kind is EventKinds.Repost or EventKinds.GenericRepost
        && (@event.Content.IndexOf("\"-\""u8) >= 0 || @event.Content.IndexOf("\\u"u8) >= 0)
        && EventJson.TryParse(@event.Content, out NostrEvent? embedded, out _)
        && IsProtected(embedded.View);
}
