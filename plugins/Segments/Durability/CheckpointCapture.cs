namespace Mortise.Segments;

/// <summary>The applied state at the moment a checkpoint was asked for.</summary>
/// <param name="Lsn">The last batch in it.</param>
/// <param name="Segments">All segments.</param>
/// <param name="Dropped">Segments that were reclaimed and whose files were still there.</param>
internal sealed record CheckpointCapture(Lsn Lsn, SegmentEntry[] Segments, uint[] Dropped);
