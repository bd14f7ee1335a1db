using Mortise.Plugins;

namespace Mortise.Partitioning;

/// <summary>Options of <c>mortise.partition.time</c>. None can change without a rebuild of the family.</summary>
public sealed class TimePartitionOptions : IValidatedOptions
{
    /// <summary>The earliest year that <see cref="FirstYear"/> may be.</summary>
    public const int EarliestYear = 1970;

    /// <summary>The latest year that <see cref="LastYear"/> may be.</summary>
    public const int LatestYear = 9998;

    /// <summary>The most partitions that the options may ask for, so that hostile timestamps cannot make
    /// more.</summary>
    public const int MaxPartitions = 65_536;

    /// <summary>How much time one partition covers.</summary>
    public TimeInterval Interval { get; set; } = TimeInterval.Monthly;

    /// <summary>The first year with partitions of its own; everything before it is in the partition
    /// <c>past</c>.</summary>
    public int FirstYear { get; set; } = 2020;

    /// <summary>The last year with partitions of its own; everything after it is in the partition
    /// <c>future</c>.</summary>
    public int LastYear { get; set; } = 2059;

    /// <inheritdoc/>
    public IEnumerable<OptionProblem> Validate()
    {
        if (!Enum.IsDefined(Interval))
        {
            yield return new OptionProblem(nameof(Interval), "must be yearly, monthly, weekly or daily");
        }

        if (FirstYear is < EarliestYear or > LatestYear)
        {
            yield return new OptionProblem(nameof(FirstYear), $"must be {EarliestYear} to {LatestYear}");
        }
        else if (LastYear is < EarliestYear or > LatestYear || LastYear < FirstYear)
        {
            yield return new OptionProblem(
                nameof(LastYear), $"must be {EarliestYear} to {LatestYear} and not before firstYear ({FirstYear})");
        }
        else if (Enum.IsDefined(Interval)
            && new TimeCalendar(Interval, FirstYear, LastYear).Periods > MaxPartitions - 2)
        {
            yield return new OptionProblem(
                nameof(LastYear),
                $"must be nearer to firstYear: at most {MaxPartitions} partitions, two of them past and future");
        }
    }
}
