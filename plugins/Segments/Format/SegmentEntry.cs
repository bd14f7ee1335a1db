namespace Mortise.Segments;

/// <summary>What a checkpoint says of one segment.</summary>
/// <param name="Number">Its number, from 1.</param>
/// <param name="LastFrameBytes">Size of its last frame; it has at least one.</param>
/// <param name="End">Where its records end; what its file holds beyond is not part of the store.</param>
/// <param name="Usage">Its records.</param>
internal readonly record struct SegmentEntry(uint Number, uint LastFrameBytes, long End, RecordTotals Usage)
{
    /// <summary>How its frames lie in the file.</summary>
    public SegmentEncoding Encoding { get; init; }

    /// <summary>Bytes of the file that count: <see cref="End"/> of a plain segment.</summary>
    public long FileEnd { get; init; } = End;

    /// <summary>Bytes of the block index, which are the last of them; 0 when it has none.</summary>
    public uint IndexBytes { get; init; }
}
