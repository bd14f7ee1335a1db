namespace Mortise.Nostr;

/// <summary>Which of the rules of NIP-01, 09, 40, 62 and 70 the store applies when it takes an event.</summary>
public sealed class EventPolicyOptions
{
    /// <summary>Older versions of replaceable and addressable events (NIP-01).</summary>
    public SupersededVersions Superseded { get; init; } = SupersededVersions.Drop;

    /// <summary>With <see cref="SupersededVersions.KeepSome"/>: versions of an address that are kept, the newest one
    /// counted; 1 and up.</summary>
    public int KeptVersions { get; init; } = 10;

    /// <summary>Whether deletion requests delete (NIP-09). When false they are stored as any event is.</summary>
    public bool HonourDeletions { get; init; } = true;

    /// <summary>Whether events that have expired are refused and hidden (NIP-40).</summary>
    public bool HonourExpiration { get; init; } = true;

    /// <summary>Whether requests to vanish delete (NIP-62).</summary>
    public bool HonourVanish { get; init; } = true;

    /// <summary>Whether protected events are taken from their authors only, and reposts that contain one from nobody
    /// (NIP-70). The store's owner may put any event.</summary>
    public bool HonourProtection { get; init; } = true;

    /// <summary>The URLs by which requests to vanish may name this store, besides <c>ALL_RELAYS</c>.</summary>
    public IReadOnlyList<string> RelayUrls { get; init; } = [];
}
