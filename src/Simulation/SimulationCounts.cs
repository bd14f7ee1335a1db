namespace Mortise.Simulation;

/// <summary>What simulations went through so far. Threads: one at a time.</summary>
public sealed class SimulationCounts
{
    /// <summary>Power cuts.</summary>
    public long PowerCuts { get; internal set; }

    /// <summary>Of the power cuts, those that fell while a store was being opened, recovery included.</summary>
    public long CutsWhileOpening { get; internal set; }

    /// <summary>Ends of the process with the power on.</summary>
    public long Kills { get; internal set; }

    /// <summary>Commits that recovery gave up because a body that was written ahead of them did not survive.</summary>
    public long TornCommits { get; internal set; }

    /// <summary>Commits whose records recovery found in the log.</summary>
    public long ReplayedCommits { get; internal set; }

    /// <summary>Disk operations that change something.</summary>
    public long Operations { get; internal set; }
}
