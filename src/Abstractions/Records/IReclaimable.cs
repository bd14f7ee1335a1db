namespace Mortise.Records;

/// <summary>Capability of an <see cref="IRecordStore"/> that can give the space of deleted records back, a segment at a
/// time.</summary>
/// <remarks>
/// <para>Role: the store knows its segments, the engine knows who may still name a location. Protocol: the engine picks
/// a sealed segment from <see cref="GetUsage"/>; it re-puts the segment's live records through the log (delete the old
/// location, put the body anew, one commit per batch), so that all index families move with them; it checkpoints, so
/// that no replay can name the segment; it waits until no view is older than the last move; then it calls
/// <see cref="ReclaimAsync"/>. A crash at any point before that leaves a segment with more deleted records, and the
/// next attempt goes on from there.</para>
/// <para>Threads: as <see cref="IRecordStore"/>; the part of <see cref="ReclaimAsync"/> before its first await from the
/// store's writer, with no checkpoint pending before it is done; batches may be applied during the rest.</para>
/// </remarks>
public interface IReclaimable
{
    /// <summary>All segments, oldest first.</summary>
    IReadOnlyList<SegmentUsage> GetUsage();

    /// <summary>Pushes the records of one segment that are live when they are reached, in location order.</summary>
    /// <param name="segment">A number from <see cref="GetUsage"/>.</param>
    /// <param name="sink">Stops by returning false.</param>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.NotFound"/> when there is no such segment;
    /// <see cref="StorageErrorCode.Corrupt"/> at the first record that fails its checksum.</exception>
    void ScanSegment<TSink>(int segment, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct;

    /// <summary>Drops a sealed segment that holds no live record, durably and in one step: after a crash it is there
    /// whole or gone whole. Its locations are <see cref="StorageErrorCode.NotFound"/> from then on and never given out
    /// again.</summary>
    /// <exception cref="InvalidOperationException">The segment is not sealed, or holds a live record. Nothing
    /// changed.</exception>
    ValueTask ReclaimAsync(int segment, CancellationToken cancellation = default);
}
