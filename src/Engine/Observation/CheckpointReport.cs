namespace Mortise.Engine;

/// <summary>What a checkpoint did.</summary>
/// <param name="Through">The last commit it contains.</param>
/// <param name="LogBytes">Bytes of commits that it made superfluous in the log, since the checkpoint before.</param>
/// <param name="Duration">From the capture of the state to the truncation of the log.</param>
public readonly record struct CheckpointReport(Lsn Through, long LogBytes, TimeSpan Duration);
