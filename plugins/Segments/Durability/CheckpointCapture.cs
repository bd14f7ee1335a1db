namespace Mortise.Segments;

/// <summary>The applied state at the moment a checkpoint was asked for.</summary>
/// <param name="Lsn">The last batch in it.</param>
/// <param name="Segments">All segments.</param>
internal sealed record CheckpointCapture(Lsn Lsn, SegmentEntry[] Segments);
