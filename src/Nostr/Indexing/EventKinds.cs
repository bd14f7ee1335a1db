namespace Mortise.Nostr;

/// <summary>What NIP-01 says of ranges of kinds, and the kinds that the store itself understands.</summary>
public static class EventKinds
{
    /// <summary>A deletion request, NIP-09.</summary>
    public const int Deletion = 5;

    /// <summary>A request to vanish, NIP-62.</summary>
    public const int Vanish = 62;

    /// <summary>A repost of a note, NIP-18.</summary>
    public const int Repost = 6;

    /// <summary>A repost of any other event, NIP-18.</summary>
    public const int GenericRepost = 16;

    /// <summary>A gift wrap, NIP-59.</summary>
    public const int GiftWrap = 1059;

    /// <summary>Of each (public key, kind) only the newest is kept: 0, 3 and 10000 to 19999.</summary>
    public static bool IsReplaceable(int kind) => kind is 0 or 3 or (>= 10000 and < 20000);

    /// <summary>Sent on, never stored: 20000 to 29999.</summary>
    public static bool IsEphemeral(int kind) => kind is >= 20000 and < 30000;

    /// <summary>Of each (public key, kind, d tag) only the newest is kept: 30000 to 39999.</summary>
    public static bool IsAddressable(int kind) => kind is >= 30000 and < 40000;
}
