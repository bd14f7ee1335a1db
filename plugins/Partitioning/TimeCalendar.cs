using System.Globalization;

namespace Mortise.Partitioning;

/// <summary>Numbers the periods of one interval from the first to the last year, densely from 0.</summary>
/// <remarks>Years and months begin at midnight UTC of their first day. Weeks are ISO 8601: the weeks of a year are
/// those whose Thursday lies in it, so the first week may begin in December and the last may end in January.</remarks>
internal readonly struct TimeCalendar
{
    private const long SecondsPerDay = 86_400;
    private const long SecondsPerWeek = 7 * SecondsPerDay;

    private readonly TimeInterval _interval;
    private readonly int _firstYear;

    /// <summary>Makes a calendar over checked arguments.</summary>
    public TimeCalendar(TimeInterval interval, int firstYear, int lastYear)
    {
        _interval = interval;
        _firstYear = firstYear;
        Begin = YearStart(firstYear);
        End = YearStart(lastYear + 1);
        Periods = interval switch
        {
            TimeInterval.Yearly => lastYear - firstYear + 1,
            TimeInterval.Monthly => (lastYear - firstYear + 1) * 12,
            TimeInterval.Weekly => (int)((End - Begin) / SecondsPerWeek),
            TimeInterval.Daily => (int)((End - Begin) / SecondsPerDay),
            _ => throw new ArgumentOutOfRangeException(nameof(interval), interval, "not an interval"),
        };
    }

    /// <summary>The first second of period 0, since 1970.</summary>
    public long Begin { get; }

    /// <summary>The first second after the last period, since 1970.</summary>
    public long End { get; }

    /// <summary>Number of periods; at least 1.</summary>
    public int Periods { get; }

    /// <summary>The period of a second from <see cref="Begin"/> to before <see cref="End"/>.</summary>
    public int PeriodOf(long second)
    {
        if (_interval == TimeInterval.Daily)
        {
            return (int)((second - Begin) / SecondsPerDay);
        }

        if (_interval == TimeInterval.Weekly)
        {
            return (int)((second - Begin) / SecondsPerWeek);
        }

        DateTime date = DateTime.UnixEpoch.AddTicks(second * TimeSpan.TicksPerSecond);
        int years = date.Year - _firstYear;
        return _interval == TimeInterval.Yearly ? years : years * 12 + date.Month - 1;
    }

    /// <summary>The first second of a period below <see cref="Periods"/>.</summary>
    public long StartOf(int period) => _interval switch
    {
        TimeInterval.Daily => Begin + period * SecondsPerDay,
        TimeInterval.Weekly => Begin + period * SecondsPerWeek,
        TimeInterval.Monthly => Seconds(new DateTime(_firstYear + period / 12, period % 12 + 1, 1)),
        _ => Seconds(new DateTime(_firstYear + period, 1, 1)),
    };

    /// <summary>A period's name: <c>2024</c>, <c>2024-02</c>, <c>2024-w09</c>, <c>2024-02-29</c>.</summary>
    public string NameOf(int period)
    {
        DateTime first = DateTime.UnixEpoch.AddTicks(StartOf(period) * TimeSpan.TicksPerSecond);
        return _interval switch
        {
            TimeInterval.Yearly => first.ToString("yyyy", CultureInfo.InvariantCulture),
            TimeInterval.Monthly => first.ToString("yyyy-MM", CultureInfo.InvariantCulture),
            TimeInterval.Weekly => string.Create(
                CultureInfo.InvariantCulture, $"{ISOWeek.GetYear(first):D4}-w{ISOWeek.GetWeekOfYear(first):D2}"),
            _ => first.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture),
        };
    }

    /// <summary>The period of exactly that name.</summary>
    public bool TryParse(ReadOnlySpan<char> name, out int period)
    {
        period = -1;
        if (TryReadFirstDay(name, out DateTime first))
        {
            long second = Seconds(first);
            period = second >= Begin && second < End ? PeriodOf(second) : -1;
        }

        // Only the spelling that NameOf gives is a name: a lenient parser would let two directories be one partition.
        return period >= 0 && name.SequenceEqual(NameOf(period));
    }

    private static long Seconds(DateTime date) => (date - DateTime.UnixEpoch).Ticks / TimeSpan.TicksPerSecond;

    private bool TryReadFirstDay(ReadOnlySpan<char> name, out DateTime first)
    {
        first = default;
        if (_interval == TimeInterval.Weekly)
        {
            if (name.Length != 8
                || !int.TryParse(name[..4], NumberStyles.None, CultureInfo.InvariantCulture, out int year)
                || !int.TryParse(name[6..], NumberStyles.None, CultureInfo.InvariantCulture, out int week)
                || year is < TimePartitionOptions.EarliestYear or > TimePartitionOptions.LatestYear
                || week < 1
                || week > ISOWeek.GetWeeksInYear(year))
            {
                return false;
            }

            first = ISOWeek.ToDateTime(year, week, DayOfWeek.Monday);
            return true;
        }

        string format = _interval switch
        {
            TimeInterval.Yearly => "yyyy",
            TimeInterval.Monthly => "yyyy-MM",
            _ => "yyyy-MM-dd",
        };
        return DateTime.TryParseExact(name, format, CultureInfo.InvariantCulture, DateTimeStyles.None, out first);
    }

    private long YearStart(int year) => Seconds(
        _interval == TimeInterval.Weekly ? ISOWeek.ToDateTime(year, 1, DayOfWeek.Monday) : new DateTime(year, 1, 1));
}
