namespace Mortise.Nostr;

/// <summary>The sorts of <see cref="SubscriptionItem"/>.</summary>
public enum SubscriptionItemKind
{
    /// <summary>An event that was stored when the subscription began; newest first.</summary>
    Stored = 1,

    /// <summary>All stored events were handed out; live ones follow. Once.</summary>
    StoredEnd = 2,

    /// <summary>An event that came after the subscription began, in the order of commits. Ephemeral ones too.</summary>
    Live = 3,

    /// <summary>The consumer was too slow: live events were dropped, and the subscription has ended. The last
    /// item.</summary>
    Overrun = 4,
}
