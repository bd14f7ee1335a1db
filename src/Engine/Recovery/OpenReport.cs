namespace Mortise.Engine;

/// <summary>What opening a store found and did.</summary>
public sealed class OpenReport
{
    /// <summary>True when the store was created by this open.</summary>
    public required bool IsNew { get; init; }

    /// <summary>True when the log had been closed in order.</summary>
    public required bool WasClean { get; init; }

    /// <summary>Bytes cut from the log's torn tail.</summary>
    public required long TornLogBytes { get; init; }

    /// <summary>Commits at the log's end that were given up because a body of the first of them was torn.</summary>
    public long TornCommits { get; init; }

    /// <summary>Commits read from the log to bring parts up to date.</summary>
    public required long ReplayedCommits { get; init; }

    /// <summary>Families that were rebuilt from records, each with the reason.</summary>
    public required IReadOnlyList<RebuiltFamily> Rebuilt { get; init; }

    /// <summary>How long it took.</summary>
    public required TimeSpan Duration { get; init; }
}

/// <summary>A family that was rebuilt from records.</summary>
/// <param name="Family">Its name.</param>
/// <param name="Reason">A lower-case fact.</param>
public readonly record struct RebuiltFamily(string Family, string Reason)
{
    /// <summary>True when something on disk was wrong; false when the stack asks for another index than there was.</summary>
    public bool IsDamage { get; init; }
}
