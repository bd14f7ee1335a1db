namespace Mortise.Conformance.Running;

/// <summary>What a run is to check.</summary>
public sealed class ConformanceRequest
{
    /// <summary>The plugin's folder.</summary>
    public required string Folder { get; init; }

    /// <summary>Options, each <c>component.key=value</c>.</summary>
    public IReadOnlyList<string> Settings { get; init; } = [];

    /// <summary>Only components of this contract; null for all.</summary>
    public LawContract? Contract { get; init; }

    /// <summary>Only these laws, by id; empty for all. The others are reported as skipped.</summary>
    public IReadOnlyList<string> Only { get; init; } = [];

    /// <summary>Laws to leave out, by id.</summary>
    public IReadOnlyList<string> Skip { get; init; } = [];

    /// <summary>Laws that are known to be broken.</summary>
    public KnownFailures Known { get; init; } = KnownFailures.None;

    /// <summary>How much to try.</summary>
    public LawTier Tier { get; init; } = LawTier.Standard;

    /// <summary>Decides everything that is left to chance.</summary>
    public ulong Seed { get; init; } = 1;

    /// <summary>How many processes check at the same time.</summary>
    public int Jobs { get; init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>How to start one.</summary>
    public required WorkerCommand Worker { get; init; }

    /// <summary>The command that runs the same again, for the report.</summary>
    public required string Command { get; init; }

    /// <summary>True for a law that is to be checked.</summary>
    internal bool Wants(Law law) =>
        (Only.Count == 0 || Only.Contains(law.Id, StringComparer.OrdinalIgnoreCase))
        && !Skip.Contains(law.Id, StringComparer.OrdinalIgnoreCase);
}
