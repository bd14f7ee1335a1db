using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Mortise.Plugins;

namespace Mortise.Partitioning;

/// <summary>One partition for each period of time, and two for everything before and after.</summary>
/// <remarks>
/// <para>The ordinal is seconds since 1970, UTC. Ordinals before <see cref="TimePartitionOptions.FirstYear"/> go to the
/// partition <c>past</c>, those after <see cref="TimePartitionOptions.LastYear"/> to <c>future</c>. So the timestamps
/// that strangers invent (0, negative, milliseconds, the year 292 billion) create no partitions, the bounds of any two
/// partitions are disjoint, and together they hold every ordinal: a query over a range of time opens exactly the
/// partitions that can hold an answer.</para>
/// <para>Partition 0 is <c>past</c>, the highest is <c>future</c>, and those between ascend in time.</para>
/// </remarks>
public sealed class TimePartitionScheme : IPartitionScheme
{
    private const string PastName = "past";
    private const string FutureName = "future";

    private readonly TimeCalendar _calendar;

    /// <summary>Makes the scheme.</summary>
    /// <param name="options">Interval and years.</param>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    public TimePartitionScheme(TimePartitionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        foreach (OptionProblem problem in options.Validate())
        {
            throw new ArgumentException($"{problem.Option} {problem.Message}", nameof(options));
        }

        _calendar = new TimeCalendar(options.Interval, options.FirstYear, options.LastYear);
        Map = string.Create(
            CultureInfo.InvariantCulture,
            $"time/{options.Interval.ToString().ToLowerInvariant()}/{options.FirstYear}-{options.LastYear}/1");
    }

    /// <inheritdoc/>
    public string Map { get; }

    /// <inheritdoc/>
    public int MaxPartitions => _calendar.Periods + 2;

    /// <inheritdoc/>
    public PartitionRouting Routing => PartitionRouting.ByOrdinal;

    private int Future => _calendar.Periods + 1;

    /// <inheritdoc/>
    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) =>
        ordinal < _calendar.Begin ? default
        : ordinal >= _calendar.End ? new PartitionId(Future)
        : new PartitionId(_calendar.PeriodOf(ordinal) + 1);

    /// <inheritdoc/>
    public OrdinalRange Bounds(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        int period = partition.Value - 1;
        return period < 0 ? new OrdinalRange(long.MinValue, _calendar.Begin - 1)
            : partition.Value == Future ? new OrdinalRange(_calendar.End, long.MaxValue)
            : new OrdinalRange(
                _calendar.StartOf(period),
                (period + 1 == _calendar.Periods ? _calendar.End : _calendar.StartOf(period + 1)) - 1);
    }

    /// <inheritdoc/>
    public string Name(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        return partition.Value == 0 ? PastName
            : partition.Value == Future ? FutureName
            : _calendar.NameOf(partition.Value - 1);
    }

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
    {
        partition = default;
        if (name.SequenceEqual(PastName))
        {
            return true;
        }

        if (name.SequenceEqual(FutureName))
        {
            partition = new PartitionId(Future);
            return true;
        }

        if (!_calendar.TryParse(name, out int period))
        {
            return false;
        }

        partition = new PartitionId(period + 1);
        return true;
    }

    /// <inheritdoc/>
    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        SchemeChecks.SameMap(recordedMap, Map, out reason);
}
