using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>One segment that is part of the log.</summary>
/// <param name="header">What its first block says.</param>
/// <param name="bytes">The file's length.</param>
internal sealed class LogSegment(SegmentHeader header, long bytes)
{
    /// <summary>One past the last LSN of a segment that takes no more records.</summary>
    public const ulong Open = ulong.MaxValue;

    public SegmentHeader Header { get; } = header;

    public FrameChecksum Checksum { get; } = header.FrameChecksum;

    public ulong Sequence => Header.Sequence;

    public string Name => WalFormat.SegmentName(Header.Sequence);

    public ulong FirstLsn => Header.FirstLsn;

    /// <summary>Records from here on are in a later segment, whatever stands in this file.</summary>
    public ulong EndLsn { get; set; } = Open;

    public long Bytes { get; set; } = bytes;

    /// <summary>The handle for writing and syncing; null once the segment is sealed and synced.</summary>
    public IStorageFile? File { get; set; }

    /// <summary>Shortcuts into the file.</summary>
    public SeekMarks Marks { get; } = new();

    /// <summary>Replays that read the file now.</summary>
    public int Readers { get; set; }
}
