using Mortise.Plugins;

namespace Mortise.Partitioning;

/// <summary>Options of <c>mortise.partition.hash</c>.</summary>
public sealed class HashPartitionOptions : IValidatedOptions
{
    /// <summary>The most partitions that can be asked for.</summary>
    public const int MaxCount = 1024;

    /// <summary>Number of partitions, 1 to <see cref="MaxCount"/>. Cannot change without a rebuild of the
    /// family.</summary>
    public int Count { get; set; } = 16;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (Count is < 1 or > MaxCount)
        {
            yield return new OptionProblem(nameof(Count), $"must be 1 to {MaxCount}");
        }
    }
}
