namespace Mortise.Indexing;

/// <summary>Limits and promises of an index structure, as values.</summary>
public sealed class IndexTraits
{
    /// <summary>The longest key, in bytes; at least 1024 for a conforming structure.</summary>
    public required int MaxKeyBytes { get; init; }

    /// <summary>The longest value, in bytes; at least 512 for a conforming structure.</summary>
    public required int MaxValueBytes { get; init; }

    /// <summary>True when checkpoints make state survive a restart; false for a structure that is rebuilt at each
    /// open.</summary>
    public required bool IsPersistent { get; init; }
}
