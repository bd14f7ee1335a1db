using Mortise.Files;
using Mortise.Wal.Format;
using Mortise.Wal.Segments;

namespace Mortise.Wal.Opening;

/// <summary>Where the log ends after an unclean stop.</summary>
/// <param name="LastLsn">The last record of the unbroken run from the first.</param>
/// <param name="Vouched">Everything up to here is known to be durable; at most <paramref name="LastLsn"/>.</param>
/// <param name="TornBytes">Bytes that were written behind the last record.</param>
internal readonly record struct TailScan(ulong LastLsn, ulong Vouched, long TornBytes)
{
    /// <summary>Reads from the first segment that may hold an unvouched record to the end.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/>: a record that was durable is
    /// damaged.</exception>
    public static TailScan Run(IStorageDirectory files, LogCatalog catalog, CancellationToken cancellation)
    {
        List<LogSegment> live = catalog.Live;
        ulong vouched = catalog.Vouched;
        int index = live.Count - 1;
        while (index > 0 && live[index].FirstLsn > vouched + 1)
        {
            index--;
        }

        ulong expected = live[index].FirstLsn;
        for (; ; index++)
        {
            LogSegment segment = live[index];
            using IStorageFile file = files.Open(segment.Name, FileIntent.Read);
            long position = ReadFrames(file, segment, ref expected, ref vouched, cancellation);
            if (expected == segment.EndLsn)
            {
                continue;
            }

            TailSearch behind = TailSearch.Run(file, segment.Header, position, cancellation);
            ulong claim = Math.Max(vouched, behind.MaxClaim);
            long torn = behind.End - position;
            for (int later = index + 1; later < live.Count; later++)
            {
                using IStorageFile next = files.Open(live[later].Name, FileIntent.Read);
                TailSearch found = TailSearch.Run(next, live[later].Header, WalFormat.HeaderBytes, cancellation);
                claim = Math.Max(claim, found.MaxClaim);
                torn += found.End - WalFormat.HeaderBytes;
            }

            if (claim >= expected)
            {
                throw StorageException.Corrupt(
                    file.Path, position,
                    $"record {expected} of the log is damaged; it was durable, as everything up to {claim}");
            }

            return new TailScan(expected - 1, vouched, torn);
        }
    }

    /// <summary>Reads whole frames up to the segment's end or the first bad byte.</summary>
    /// <returns>The offset of the first bad byte.</returns>
    private static long ReadFrames(
        IStorageFile file, LogSegment segment, ref ulong expected, ref ulong vouched, CancellationToken cancellation)
    {
        var scanner = new FrameScanner(file, segment.Checksum, WalFormat.HeaderBytes);
        try
        {
            while (expected != segment.EndLsn && scanner.TryNext(expected, out FrameHeader header, out _))
            {
                vouched = Math.Max(vouched, header.Claim);
                expected++;
                if ((expected & 0xFFF) == 0)
                {
                    cancellation.ThrowIfCancellationRequested();
                }
            }

            return scanner.Position;
        }
        finally
        {
            scanner.Dispose();
        }
    }
}
