using Mortise.Plugins;

namespace Mortise.Index.Lmdb;

/// <summary>Options of <c>mortise.lmdb</c>.</summary>
public sealed class LmdbOptions : IValidatedOptions
{
    /// <summary>The most that one partition can hold; 1MiB to 1TiB. Address space is reserved, not memory or
    /// disk.</summary>
    public ByteSize MapSize { get; set; } = ByteSize.MiB(16 << 10);

    /// <summary>The most snapshots that may be open at once; 1 to 65536.</summary>
    public int MaxReaders { get; set; } = 4096;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MapSize.Bytes is < 1 << 20 or > 1L << 40)
        {
            yield return new OptionProblem(nameof(MapSize), "must be 1MiB to 1TiB");
        }

        if (MaxReaders is < 1 or > 65536)
        {
            yield return new OptionProblem(nameof(MaxReaders), "must be 1 to 65536");
        }
    }
}
