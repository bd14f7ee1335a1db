namespace Mortise.Engine;

/// <summary>What opening a store is at.</summary>
public enum OpeningPhase
{
    /// <summary>The log is opened: its end is found, its tail made durable.</summary>
    Log,

    /// <summary>The record store is opened.</summary>
    Records,

    /// <summary>The partitions of the index families are opened.</summary>
    Families,

    /// <summary>Commits are read from the log and applied. Counted in commits.</summary>
    Replay,

    /// <summary>Families are filled from the records. Counted in records.</summary>
    Rebuild,
}

/// <summary>How far opening a store is.</summary>
/// <param name="Phase">What it is at.</param>
/// <param name="Done">How much of the phase is done, in the phase's unit.</param>
/// <param name="Total">How much there is; 0 when that is not known.</param>
/// <param name="Elapsed">Since opening began.</param>
public readonly record struct OpeningProgress(OpeningPhase Phase, long Done, long Total, TimeSpan Elapsed);
