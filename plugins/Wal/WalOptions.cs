using Mortise.Plugins;

namespace Mortise.Wal;

/// <summary>Options of the log.</summary>
/// <remarks>When to sync is the store's choice (its sync mode), not the log's: every append is in the operating
/// system's hands when it returns, and survives the end of the process.</remarks>
public sealed class WalOptions : IValidatedOptions
{
    internal const long SmallestSegment = 64 << 10;
    internal const long LargestSegment = 4L << 30;
    internal const long LargestPayload = 1 << 30;

    /// <summary>Where a segment ends and the next begins; 64KiB to 4GiB.</summary>
    /// <remarks>
    /// 64 MiB. Whole segments are what a checkpoint gives back and what an unclean start has to look through, so a
    /// segment should be small beside the disk and short to read: 64 MiB is 30 to 60 ms of reading, and about 100,000
    /// events. It should also be large beside the cost of starting one, which is three syncs, about half a millisecond:
    /// 1 % of the time it takes to fill 64 MiB at full speed. At 1 GiB, the field's common default, a small store would
    /// hold ten times its data in its log, and start-up would look through up to a second of it. A payload that does
    /// not fit into an empty segment gets a segment of its own, as large as it needs.
    /// </remarks>
    public ByteSize SegmentSize { get; set; } = ByteSize.MiB(64);

    /// <summary>The checksum of records in segments started from now on; older segments are read with their
    /// own.</summary>
    public WalChecksum Checksum { get; set; } = WalChecksum.Crc64;

    /// <summary>The largest payload of one record; 1B to 1GiB.</summary>
    public ByteSize MaxPayload { get; set; } = ByteSize.MiB(128);

    /// <summary>How many segments behind a checkpoint are kept for reuse instead of being deleted; 0 to 64.</summary>
    /// <remarks>A reused segment's blocks are allocated and written, so a sync costs no file system metadata. A
    /// log that is closed after appends gives them back.</remarks>
    public int RecycledSegments { get; set; } = 2;

    /// <summary>How far ahead of the records a new segment is filled with zeros, 0 (not at all) to 64MiB.</summary>
    /// <remarks>A sync into written space took 55 us where one into growing space took 100 us. In steps rather than at
    /// once, so that a small store stays small.</remarks>
    public ByteSize Prewrite { get; set; } = ByteSize.MiB(2);

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (SegmentSize.Bytes is < SmallestSegment or > LargestSegment)
        {
            yield return new OptionProblem(nameof(SegmentSize), $"must be 64KiB to 4GiB, is {SegmentSize}");
        }

        if (!Enum.IsDefined(Checksum))
        {
            yield return new OptionProblem(nameof(Checksum), "must be crc64, crc32c or xxHash3");
        }

        if (MaxPayload.Bytes is < 1 or > LargestPayload)
        {
            yield return new OptionProblem(nameof(MaxPayload), $"must be 1B to 1GiB, is {MaxPayload}");
        }

        if (RecycledSegments is < 0 or > 64)
        {
            yield return new OptionProblem(nameof(RecycledSegments), $"must be 0 to 64, is {RecycledSegments}");
        }

        if (Prewrite.Bytes is < 0 or > 64 << 20)
        {
            yield return new OptionProblem(nameof(Prewrite), $"must be 0 to 64MiB, is {Prewrite}");
        }
    }
}
