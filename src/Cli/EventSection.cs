using Mortise.Indexing;
using Mortise.Nostr;
using Mortise.Plugins;
using Mortise.Relay;

namespace Mortise.Cli;

/// <summary>The section <c>nostr</c> of a stack: which rules the store applies to the events it takes.</summary>
public sealed class EventSection : IValidatedOptions
{
    /// <summary>Older versions of replaceable and addressable events (NIP-01): drop, keepSome or
    /// keepAll.</summary>
    public SupersededVersions Superseded { get; set; } = new EventPolicyOptions().Superseded;

    /// <summary>With keepSome: versions of an address that are kept, the newest one counted.</summary>
    public int KeptVersions { get; set; } = new EventPolicyOptions().KeptVersions;

    /// <summary>Whether deletion requests delete (NIP-09).</summary>
    public bool HonourDeletions { get; set; } = new EventPolicyOptions().HonourDeletions;

    /// <summary>Whether events that have expired are refused and hidden (NIP-40).</summary>
    public bool HonourExpiration { get; set; } = new EventPolicyOptions().HonourExpiration;

    /// <summary>Whether requests to vanish delete (NIP-62).</summary>
    public bool HonourVanish { get; set; } = new EventPolicyOptions().HonourVanish;

    /// <summary>Whether protected events are taken from their authors only (NIP-70).</summary>
    public bool HonourProtection { get; set; } = new EventPolicyOptions().HonourProtection;

    /// <summary>The URLs by which requests to vanish may name this store.</summary>
    public IList<string> RelayUrls { get; set; } = [];

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (KeptVersions is < 1 or > 1_000_000)
        {
            yield return new OptionProblem(nameof(KeptVersions), "must be 1 to 1000000");
        }

        foreach (string url in RelayUrls.Where(static u => !NostrRelay.IsAddress(u)))
        {
            yield return new OptionProblem(nameof(RelayUrls), $"names '{url}', which is not a ws or wss URL");
        }
    }

    /// <summary>The store's options.</summary>
    /// <param name="projections">Projections besides the bundled ones, by the names that the stack uses.</param>
    public EventStoreOptions ToOptions(IReadOnlyDictionary<string, IKeyProjection> projections) => new()
    {
        Projections = projections,
        Policy = new EventPolicyOptions
        {
            Superseded = Superseded,
            KeptVersions = KeptVersions,
            HonourDeletions = HonourDeletions,
            HonourExpiration = HonourExpiration,
            HonourVanish = HonourVanish,
            HonourProtection = HonourProtection,
            RelayUrls = [.. RelayUrls],
        },
    };
}
