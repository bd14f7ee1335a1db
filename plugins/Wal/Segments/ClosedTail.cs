using Mortise.Files;
using Mortise.Wal.Format;

namespace Mortise.Wal.Segments;

/// <summary>What is kept of a log that is closed when nobody needs its records any more.</summary>
/// <remarks>A checkpoint drops whole segments, so up to one of records that every part has made durable stays. Who
/// follows the log from another process looks a few times a second: for it the newest ones are kept.</remarks>
internal static class ClosedTail
{
    /// <summary>The newest records are kept, up to this part of a segment: 1 MiB of 64.</summary>
    private const int KeptPart = 64;

    /// <summary>Less than this part of a segment is not worth a new file: 4 MiB of 64.</summary>
    private const int GainedPart = 16;

    /// <summary>Whether a segment whose records end here is worth cutting.</summary>
    public static bool IsWorthCutting(long end, long segmentBytes) =>
        end - WalFormat.HeaderBytes >= (segmentBytes / KeptPart) + (segmentBytes / GainedPart);

    /// <summary>The first record that is kept; one past the last when that alone is larger.</summary>
    /// <param name="files">The log's directory.</param>
    /// <param name="segment">The last segment; all of it is with the system.</param>
    /// <param name="lastLsn">Its last record.</param>
    /// <param name="end">Where its records end.</param>
    /// <param name="segmentBytes">Where segments should end.</param>
    public static ulong FirstKept(
        IStorageDirectory files, LogSegment segment, ulong lastLsn, long end, long segmentBytes)
    {
        long from = end - (segmentBytes / KeptPart);
        (ulong lsn, long offset) = segment.Marks.BeforeOffset(from, segment.FirstLsn, WalFormat.HeaderBytes);
        using IStorageFile file = files.Open(segment.Name, FileIntent.Read);
        var scanner = new FrameScanner(file, segment.Checksum, offset, readBytes: 64 << 10);
        try
        {
            for (; lsn <= lastLsn && scanner.Position < from; lsn++)
            {
                if (!scanner.TrySkip(lsn))
                {
                    throw StorageException.Corrupt(
                        file.Path, scanner.Position, $"record {lsn} of the log was written and cannot be read");
                }
            }

            return lsn;
        }
        finally
        {
            scanner.Dispose();
        }
    }
}
