namespace Mortise.Nostr;

/// <summary>What became of an event that was handed to the store.</summary>
public enum PutOutcome
{
    /// <summary>It is stored.</summary>
    Stored = 1,

    /// <summary>It was there already; nothing changed.</summary>
    Duplicate = 2,

    /// <summary>A newer version of its address is stored; nothing changed.</summary>
    Superseded = 3,

    /// <summary>Its author has asked for its deletion, or to vanish; nothing changed.</summary>
    Deleted = 4,

    /// <summary>It had expired on arrival; nothing changed.</summary>
    Expired = 5,

    /// <summary>It is of a kind that is sent on and never stored; live subscriptions got it.</summary>
    Ephemeral = 6,

    /// <summary>The store cannot take it; the reason says why. Nothing changed.</summary>
    Rejected = 7,

    /// <summary>It is protected and its publisher has not authenticated as its author, or it reposts an event that is
    /// (NIP-70); nothing changed.</summary>
    Protected = 8,
}
