namespace Mortise.Reference;

/// <summary>What the bytes of a log say: its records, and where its torn tail begins.</summary>
internal sealed class SimpleLogScan
{
    /// <summary>Offset of each record's frame, in order of LSNs from the first.</summary>
    public List<long> Offsets { get; } = [];

    /// <summary>Where the next record goes.</summary>
    public long End { get; private set; } = SimpleLogFormat.HeaderBytes;

    public static SimpleLogScan Of(
        FrameChecksum checksum, byte[] log, string path, Guid storeId, Lsn first, long sealedBytes)
    {
        SimpleLogScan scan = new();
        Lsn expected = first;
        while (
            SimpleLogFormat.TryReadFrame(
                checksum, log.AsSpan((int)scan.End), scan.End, storeId, out Lsn lsn, out _, out int length)
            && lsn == expected)
        {
            scan.Offsets.Add(scan.End);
            scan.End += SimpleLogFormat.FrameBytes + length;
            expected = expected.Next;
        }

        if (scan.End < sealedBytes)
        {
            throw StorageException.Corrupt(path, scan.End, $"record {expected} is damaged in front of {sealedBytes}");
        }

        // A crash can damage only what was not synced. A later record that knows this one as durable is the proof that
        // it was.
        for (long at = scan.End + 1; at <= log.Length - SimpleLogFormat.FrameBytes; at++)
        {
            if (
                SimpleLogFormat.TryReadFrame(
                    checksum, log.AsSpan((int)at), at, storeId, out Lsn lsn, out Lsn durable, out _)
                && lsn > expected && durable >= expected)
            {
                throw StorageException.Corrupt(
                    path, scan.End, $"record {expected} is damaged, and record {lsn} says that it was durable");
            }
        }

        return scan;
    }
}
