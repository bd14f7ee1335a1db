using System.Globalization;

namespace Mortise.Partitioning.Tests;

public sealed class TimePartitionTests
{
    public static TheoryData<TimeInterval, string, string, string> Edges => new()
    {
        { TimeInterval.Yearly, "2020", "2020-01-01T00:00:00", "2020-12-31T23:59:59" },
        { TimeInterval.Yearly, "2059", "2059-01-01T00:00:00", "2059-12-31T23:59:59" },
        { TimeInterval.Monthly, "2020-01", "2020-01-01T00:00:00", "2020-01-31T23:59:59" },
        { TimeInterval.Monthly, "2023-02", "2023-02-01T00:00:00", "2023-02-28T23:59:59" },
        { TimeInterval.Monthly, "2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59" },
        { TimeInterval.Monthly, "2024-12", "2024-12-01T00:00:00", "2024-12-31T23:59:59" },
        { TimeInterval.Monthly, "2038-01", "2038-01-01T00:00:00", "2038-01-31T23:59:59" },
        { TimeInterval.Monthly, "2059-12", "2059-12-01T00:00:00", "2059-12-31T23:59:59" },
        { TimeInterval.Weekly, "2020-w01", "2019-12-30T00:00:00", "2020-01-05T23:59:59" },
        { TimeInterval.Weekly, "2020-w53", "2020-12-28T00:00:00", "2021-01-03T23:59:59" },
        { TimeInterval.Weekly, "2021-w01", "2021-01-04T00:00:00", "2021-01-10T23:59:59" },
        { TimeInterval.Weekly, "2022-w52", "2022-12-26T00:00:00", "2023-01-01T23:59:59" },
        { TimeInterval.Weekly, "2024-w09", "2024-02-26T00:00:00", "2024-03-03T23:59:59" },
        { TimeInterval.Weekly, "2025-w01", "2024-12-30T00:00:00", "2025-01-05T23:59:59" },
        { TimeInterval.Weekly, "2026-w53", "2026-12-28T00:00:00", "2027-01-03T23:59:59" },
        { TimeInterval.Weekly, "2059-w52", "2059-12-22T00:00:00", "2059-12-28T23:59:59" },
        { TimeInterval.Daily, "2024-02-29", "2024-02-29T00:00:00", "2024-02-29T23:59:59" },
        { TimeInterval.Daily, "2023-03-01", "2023-03-01T00:00:00", "2023-03-01T23:59:59" },
        { TimeInterval.Daily, "2020-01-01", "2020-01-01T00:00:00", "2020-01-01T23:59:59" },
        { TimeInterval.Daily, "2059-12-31", "2059-12-31T00:00:00", "2059-12-31T23:59:59" },
    };

    public static TheoryData<string> TimeSchemes =>
        [.. Schemes.Names.Where(name => name.StartsWith("time", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Edges))]
    public void Bounds_are_exact_at_the_edges_of_the_calendar(
        TimeInterval interval, string name, string first, string last)
    {
        TimePartitionScheme scheme = Schemes.Time(interval);
        Assert.True(scheme.TryParse(name, out PartitionId partition));
        Assert.Equal(name, scheme.Name(partition));
        Assert.Equal(new OrdinalRange(Seconds(first), Seconds(last)), scheme.Bounds(partition));
        Assert.Equal(partition, scheme.Locate(Seconds(first), default));
        Assert.Equal(partition, scheme.Locate(Seconds(last), default));
        Assert.Equal(partition.Value - 1, scheme.Locate(Seconds(first) - 1, default).Value);
        Assert.Equal(partition.Value + 1, scheme.Locate(Seconds(last) + 1, default).Value);
    }

    [Theory]
    [MemberData(nameof(TimeSchemes))]
    public void Partitions_ascend_in_time_without_gap_or_overlap_and_hold_every_ordinal(string name)
    {
        IPartitionScheme scheme = Schemes.Make(name);
        Assert.Equal(long.MinValue, scheme.Bounds(default).First);
        for (int id = 1; id < scheme.MaxPartitions; id++)
        {
            OrdinalRange before = scheme.Bounds(new PartitionId(id - 1));
            OrdinalRange bounds = scheme.Bounds(new PartitionId(id));
            Assert.False(bounds.IsEmpty);
            Assert.False(before.Overlaps(bounds));
            Assert.Equal(before.Last + 1, bounds.First);
        }

        Assert.Equal(long.MaxValue, scheme.Bounds(new PartitionId(scheme.MaxPartitions - 1)).Last);
    }

    [Theory]
    [InlineData(TimeInterval.Yearly, 40 + 2)]
    [InlineData(TimeInterval.Monthly, 480 + 2)]
    [InlineData(TimeInterval.Weekly, 2087 + 2)]
    [InlineData(TimeInterval.Daily, 14_610 + 2)]
    public void The_number_of_partitions_is_what_the_calendar_says(TimeInterval interval, int expected) =>
        Assert.Equal(expected, Schemes.Time(interval).MaxPartitions);

    [Theory]
    [InlineData(0, "past")]
    [InlineData(-1, "past")]
    [InlineData(long.MinValue, "past")]
    [InlineData(1_577_836_799, "past")]
    [InlineData(1_577_836_800, "2020-01")]
    [InlineData(1_700_000_000, "2023-11")]
    [InlineData(2_147_483_648, "2038-01")]
    [InlineData(2_840_140_799, "2059-12")]
    [InlineData(2_840_140_800, "future")]
    [InlineData(4_294_967_295, "future")]
    [InlineData(1_725_194_263_529, "future")]
    [InlineData(long.MaxValue, "future")]
    public void Monthly_golden_vectors(long ordinal, string expected)
    {
        TimePartitionScheme scheme = Schemes.Time(TimeInterval.Monthly);
        Assert.Equal(expected, scheme.Name(scheme.Locate(ordinal, "any key"u8)));
    }

    [Fact]
    public void A_day_by_day_walk_with_another_calendar_agrees()
    {
        TimePartitionScheme daily = Schemes.Time(TimeInterval.Daily);
        TimePartitionScheme weekly = Schemes.Time(TimeInterval.Weekly);
        var gregorian = new GregorianCalendar();
        for (DateTime day = new(2020, 1, 6, 12, 0, 0, DateTimeKind.Utc); day.Year < 2060; day = day.AddDays(1))
        {
            long noon = (long)(day - DateTime.UnixEpoch).TotalSeconds;
            Assert.Equal(day.ToString("yyyy-MM-dd"), daily.Name(daily.Locate(noon, default)));
            if (day < new DateTime(2059, 12, 29))
            {
                // The ISO week of a day is the week of the year in which its Thursday falls.
                DateTime thursday = day.AddDays(3 - ((int)day.DayOfWeek + 6) % 7);
                int week = (gregorian.GetDayOfYear(thursday) - 1) / 7 + 1;
                Assert.Equal($"{thursday.Year:D4}-w{week:D2}", weekly.Name(weekly.Locate(noon, default)));
            }
        }
    }

    [Theory]
    [InlineData(TimeInterval.Monthly, 1969, 2059, "FirstYear")]
    [InlineData(TimeInterval.Monthly, 2020, 9999, "LastYear")]
    [InlineData(TimeInterval.Monthly, 2020, 2019, "LastYear")]
    [InlineData(TimeInterval.Daily, 1970, 2300, "LastYear")]
    [InlineData((TimeInterval)9, 2020, 2059, "Interval")]
    public void Options_out_of_range_are_named_and_refused(TimeInterval interval, int first, int last, string option)
    {
        var options = new TimePartitionOptions { Interval = interval, FirstYear = first, LastYear = last };
        Assert.Equal(option, Assert.Single(options.Validate()).Option);
        Assert.Throws<ArgumentException>(() => new TimePartitionScheme(options));
    }

    [Fact]
    public void The_default_is_monthly_and_valid()
    {
        Assert.Empty(new TimePartitionOptions().Validate());
        Assert.Equal("time/monthly/2020-2059/1", new TimePartitionScheme(new TimePartitionOptions()).Map);
    }

    [Fact]
    public void Ten_thousand_hostile_ordinals_make_a_bounded_number_of_partitions()
    {
        var random = new Random(Schemes.Seed);
        TimePartitionScheme scheme = Schemes.Time(TimeInterval.Monthly, 2020, 2030);
        var made = new HashSet<string>();
        for (int i = 0; i < 10_000; i++)
        {
            made.Add(scheme.Name(scheme.Locate(random.NextInt64(uint.MaxValue), default)));
        }

        Assert.InRange(made.Count, 2, (11 * 12) + 2);
    }

    private static long Seconds(string utc) => new DateTimeOffset(
        DateTime.ParseExact(utc, "s", CultureInfo.InvariantCulture), TimeSpan.Zero).ToUnixTimeSeconds();
}
