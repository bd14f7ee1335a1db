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

    /// <summary>How new segments are compressed. Segments that are there keep the form that they have, and are read in it
    /// whatever this says.</summary>
    public RecordCompression Compression { get; set; }

    /// <summary>How hard to compress, 0 (fastest) to 11 (smallest).</summary>
    public int CompressionLevel { get; set; } = 4;

    /// <summary>How much is compressed as one, and decompressed to read one record of it; 4KiB to 1MiB. A record that is
    /// larger has a block of its own.</summary>
    public ByteSize CompressionBlock { get; set; } = ByteSize.KiB(16);

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

        if (!Enum.IsDefined(Compression))
        {
            yield return new OptionProblem(nameof(Compression), "must be none or brotli");
        }

        if (CompressionLevel is < 0 or > 11)
        {
            yield return new OptionProblem(nameof(CompressionLevel), "must be 0 to 11");
        }

        if (CompressionBlock.Bytes is < 4 << 10 or > 1 << 20)
        {
            yield return new OptionProblem(nameof(CompressionBlock), "must be 4KiB to 1MiB");
        }
    }
}
