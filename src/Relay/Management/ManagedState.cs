using System.Text.Json.Serialization;

namespace Mortise.Relay;

/// <summary>What managers have decided at run time (NIP-86), beside what the stack says.</summary>
internal sealed record ManagedState
{
    public string? Name { get; init; }

    public string? Description { get; init; }

    public string? Icon { get; init; }

    /// <summary>Public keys in hexadecimal, with reasons.</summary>
    public IReadOnlyDictionary<string, string> BannedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Public keys that may write; when there is one, others may not.</summary>
    public IReadOnlyDictionary<string, string> AllowedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>Ids of events in hexadecimal.</summary>
    public IReadOnlyDictionary<string, string> BannedEvents { get; init; } = new Dictionary<string, string>();

    /// <summary>Kinds that are taken; when there is one, others are not.</summary>
    public IReadOnlyList<int> AllowedKinds { get; init; } = [];

    /// <summary>Addresses.</summary>
    public IReadOnlyDictionary<string, string> BlockedAddresses { get; init; } = new Dictionary<string, string>();

    [JsonIgnore]
    public bool IsEmpty => BannedKeys.Count + AllowedKeys.Count + BannedEvents.Count + AllowedKinds.Count == 0;
}
