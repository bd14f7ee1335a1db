using Mortise.Files;
using Mortise.Wal.Format;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Opening;

/// <summary>Writes the records that nothing vouches for into fresh bytes.</summary>
/// <remarks>After an unclean stop they may stand only in the page cache, marked clean by a sync that failed: syncing
/// the old file again would write nothing and report success (Rebello et al., USENIX ATC 2020).</remarks>
internal static class TailRewrite
{
    /// <summary>Starts the segment that replaces the tail.</summary>
    /// <param name="segments">Starts the segment.</param>
    /// <param name="live">The segments up to now.</param>
    /// <param name="header">The new segment's header; its first LSN is the first record to copy.</param>
    /// <param name="lastLsn">The last record to copy; one less than the first when there is none.</param>
    /// <param name="options">Sizes.</param>
    /// <param name="end">Where the next frame goes in the new segment.</param>
    public static LogSegment Run(
        SegmentFiles segments,
        List<LogSegment> live,
        SegmentHeader header,
        ulong lastLsn,
        WalOptions options,
        out long end)
    {
        long position = WalFormat.HeaderBytes;
        LogSegment started = segments.Start(header, file =>
        {
            var writer = new SegmentWriter(
                file, header.FrameChecksum, position, long.MaxValue, options.Prewrite.Bytes);
            ulong lsn = header.FirstLsn;
            int index = live.FindLastIndex(s => s.FirstLsn <= lsn);
            for (; lsn <= lastLsn; index++)
            {
                Copy(segments.Directory, live[index], ref lsn, lastLsn, writer);
            }

            position = writer.Position;
            return position;
        });
        end = position;
        return started;
    }

    /// <summary>Where the frame of a record begins.</summary>
    public static long Find(IStorageDirectory files, LogSegment segment, ulong lsn)
    {
        using IStorageFile file = files.Open(segment.Name, FileIntent.Read);
        var scanner = new FrameScanner(file, segment.Checksum, WalFormat.HeaderBytes);
        try
        {
            Seek(file, ref scanner, segment, lsn);
            return scanner.Position;
        }
        finally
        {
            scanner.Dispose();
        }
    }

    private static void Copy(
        IStorageDirectory files, LogSegment segment, ref ulong lsn, ulong lastLsn, SegmentWriter writer)
    {
        using IStorageFile file = files.Open(segment.Name, FileIntent.Read);
        var scanner = new FrameScanner(file, segment.Checksum, WalFormat.HeaderBytes);
        try
        {
            Seek(file, ref scanner, segment, lsn);
            for (; lsn <= lastLsn && lsn < segment.EndLsn; lsn++)
            {
                if (!scanner.TryNext(lsn, out FrameHeader frame, out ReadOnlySpan<byte> payload))
                {
                    throw StorageException.Corrupt(
                        file.Path, scanner.Position, $"record {lsn} of the log could be read once and now cannot");
                }

                writer.Append(lsn, frame.Claim, frame.TimeMicroseconds, payload);
            }
        }
        finally
        {
            scanner.Dispose();
        }
    }

    private static void Seek(IStorageFile file, ref FrameScanner scanner, LogSegment segment, ulong lsn)
    {
        for (ulong at = segment.FirstLsn; at < lsn; at++)
        {
            if (!scanner.TrySkip(at))
            {
                throw StorageException.Corrupt(file.Path, scanner.Position, $"record {at} of the log is damaged");
            }
        }
    }
}
