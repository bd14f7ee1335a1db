namespace Mortise.Logging;

/// <summary>What opening a log found.</summary>
public sealed class LogRecoveryReport
{
    /// <summary>True when the log had been closed in order.</summary>
    public required bool WasClean { get; init; }

    /// <summary>Records that are there.</summary>
    public required long Records { get; init; }

    /// <summary>Bytes cut from a torn tail; 0 when there was none.</summary>
    public required long TornBytes { get; init; }

    /// <summary>Segments that are there.</summary>
    public required int Segments { get; init; }
}
