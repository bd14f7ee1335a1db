using Mortise.Plugins;

namespace Mortise.BTreeIndex;

/// <summary>Options of <c>mortise.btree</c>.</summary>
public sealed class BTreeIndexOptions : IValidatedOptions
{
    private const long LeastMemory = 64 << 10;
    private const long MostMemory = 512 << 20;
    private const int MostFanIn = 16;
    private const int MostVisibleRuns = 64;

    /// <summary>The size of a page: 4KiB, 8KiB, 16KiB or 32KiB. A file keeps the size that it was made with until it is
    /// reset.</summary>
    public ByteSize PageSize { get; set; } = ByteSize.KiB(8);

    /// <summary>How many bytes of applied batches are kept in memory before they are written as a run, checkpoint or
    /// not; 64KiB to 512MiB. Up to four times as much is held while the writing lags behind.</summary>
    public ByteSize MemoryBudget { get; set; } = ByteSize.MiB(16);

    /// <summary>The page cache of an instance that the stack gives no share of its memory; 0 and up.</summary>
    public ByteSize CacheSize { get; set; } = ByteSize.MiB(8);

    /// <summary>Runs of similar size that are merged into one; 2 to 16. More of them cost reads, fewer cost writes.</summary>
    public int MergeFanIn { get; set; } = 4;

    /// <summary>More runs on disk than this are merged whatever their size; 1 to 64.</summary>
    public int MaxRuns { get; set; } = 8;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (!PageFormat.IsPageSize(PageSize.Bytes))
        {
            yield return new OptionProblem(nameof(PageSize), "must be 4KiB, 8KiB, 16KiB or 32KiB");
        }

        if (MemoryBudget.Bytes is < LeastMemory or > MostMemory)
        {
            yield return new OptionProblem(
                nameof(MemoryBudget), $"must be {new ByteSize(LeastMemory)} to {new ByteSize(MostMemory)}");
        }

        if (CacheSize.Bytes < 0)
        {
            yield return new OptionProblem(nameof(CacheSize), "must be 0B or more");
        }

        if (MergeFanIn is < 2 or > MostFanIn)
        {
            yield return new OptionProblem(nameof(MergeFanIn), $"must be 2 to {MostFanIn}");
        }

        if (MaxRuns is < 1 or > MostVisibleRuns)
        {
            yield return new OptionProblem(nameof(MaxRuns), $"must be 1 to {MostVisibleRuns}");
        }
    }
}
