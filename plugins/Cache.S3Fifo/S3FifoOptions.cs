using Mortise.Plugins;

namespace Mortise.Cache.S3Fifo;

/// <summary>Options of <c>mortise.cache.s3fifo</c>.</summary>
public sealed class S3FifoOptions : IValidatedOptions
{
    /// <summary>The most that <see cref="SmallPercent"/> may be.</summary>
    public const int MaxSmallPercent = 90;

    /// <summary>The most items that may be resident beside the byte capacity, 0 and up; 0 for no such bound.</summary>
    public int MaxCount { get; set; }

    /// <summary>The share of the capacity, in percent, through which new items pass; 1 to 90. The paper's is 10.</summary>
    public int SmallPercent { get; set; } = 10;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (MaxCount < 0)
        {
            yield return new OptionProblem(nameof(MaxCount), "must be 0 (no bound) or more");
        }

        if (SmallPercent is < 1 or > MaxSmallPercent)
        {
            yield return new OptionProblem(nameof(SmallPercent), $"must be 1 to {MaxSmallPercent}");
        }
    }
}
