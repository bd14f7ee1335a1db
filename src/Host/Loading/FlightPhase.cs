namespace Mortise.Host.Loading;

/// <summary>What of a plugin's code is running. Append-only; the numbers are places in a file.</summary>
public enum FlightPhase
{
    /// <summary>An instance is being opened.</summary>
    Open = 0,

    /// <summary>A commit is being applied, or a batch of an index.</summary>
    Apply = 1,

    /// <summary>A commit is being appended to the log.</summary>
    Append = 2,

    /// <summary>The log is being synced.</summary>
    Sync = 3,

    /// <summary>State is being made durable.</summary>
    Checkpoint = 4,

    /// <summary>The log is being cut, or an index emptied.</summary>
    Truncate = 5,

    /// <summary>A step of work in the background is running.</summary>
    Step = 6,

    /// <summary>An instance is being closed.</summary>
    Close = 7,
}
