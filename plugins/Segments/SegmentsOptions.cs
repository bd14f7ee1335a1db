using Mortise.Plugins;

namespace Mortise.Segments;

/// <summary>Options of <c>mortise.segments</c>. All may change between two opens of a store.</summary>
public sealed class SegmentsOptions : IValidatedOptions
{
    /// <summary>Where a segment ends and the next begins, 8KiB to 4GiB. Only a segment that holds one record larger than
    /// this is longer.</summary>
    public ByteSize SegmentSize { get; set; } = ByteSize.MiB(256);

    /// <summary>The largest record taken, 1B to 1GiB. Larger records that are stored already stay readable.</summary>
    public ByteSize MaxRecord { get; set; } = ByteSize.MiB(64);

    /// <summary>How much is appended in memory before it is written to a segment file, 4KiB to 64MiB.</summary>
    public ByteSize WriteBuffer { get; set; } = ByteSize.MiB(1);

    /// <summary>How much may wait in memory while the device is full or slow, before the store refuses records; 64KiB to
    /// 4GiB.</summary>
    public ByteSize MaxUnwritten { get; set; } = ByteSize.MiB(64);

    /// <summary>Tombstones of reclaimed segments that are kept before their file is rewritten; lower in tests.</summary>
    internal long RewriteTombstonesAbove { get; set; } = 64 << 10;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (SegmentSize.Bytes is < 8 << 10 or > 4L << 30)
        {
            yield return new OptionProblem(nameof(SegmentSize), "must be 8KiB to 4GiB");
        }

        if (MaxRecord.Bytes is < 1 or > 1 << 30)
        {
            yield return new OptionProblem(nameof(MaxRecord), "must be 1B to 1GiB");
        }

        if (WriteBuffer.Bytes is < 4 << 10 or > 64 << 20)
        {
            yield return new OptionProblem(nameof(WriteBuffer), "must be 4KiB to 64MiB");
        }

        if (MaxUnwritten.Bytes is < 64 << 10 or > 4L << 30)
        {
            yield return new OptionProblem(nameof(MaxUnwritten), "must be 64KiB to 4GiB");
        }
    }
}
