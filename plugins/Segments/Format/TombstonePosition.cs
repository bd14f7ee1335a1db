namespace Mortise.Segments;

/// <summary>How far the tombstones of a checkpoint reach.</summary>
/// <param name="Generation">Number of the tombstone file; 0 when nothing was ever deleted.</param>
/// <param name="End">Its bytes that count.</param>
/// <param name="Count">Tombstones in them.</param>
/// <param name="Chain">Checksum of the checksums of its blocks, in order.</param>
internal readonly record struct TombstonePosition(uint Generation, long End, long Count, ulong Chain);
