namespace Mortise.Partitioning.Tests;

/// <summary>The schemes that every law is held against, by name.</summary>
internal static class Schemes
{
    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    public static string[] Names { get; } =
    [
        "none",
        "time yearly 2020 2059", "time monthly 2020 2059", "time weekly 2020 2059", "time daily 2020 2059",
        "time yearly 1970 9998", "time monthly 2024 2024", "time weekly 2020 2021", "time daily 1970 2100",
        "hash 1", "hash 2", "hash 16", "hash 1000", "hash 1024",
    ];

    public static IPartitionScheme Make(string name)
    {
        string[] parts = name.Split(' ');
        return parts[0] switch
        {
            "none" => new NoPartitionScheme(),
            "hash" => new HashPartitionScheme(new HashPartitionOptions { Count = int.Parse(parts[1]) }),
            _ => Time(Enum.Parse<TimeInterval>(parts[1], ignoreCase: true), int.Parse(parts[2]), int.Parse(parts[3])),
        };
    }

    public static TimePartitionScheme Time(TimeInterval interval, int firstYear = 2020, int lastYear = 2059) =>
        new(new TimePartitionOptions { Interval = interval, FirstYear = firstYear, LastYear = lastYear });

    /// <summary>Ordinals that strangers invent, and the neighbours of every bound of the scheme.</summary>
    public static IEnumerable<long> Ordinals(IPartitionScheme scheme, Random random)
    {
        foreach (long hostile in (long[])
        [
            long.MinValue, long.MinValue + 1, -1, 0, 1, int.MaxValue, uint.MaxValue, 1_725_194_263_529,
            long.MaxValue - 1, long.MaxValue,
        ])
        {
            yield return hostile;
        }

        for (int id = 0; id < scheme.MaxPartitions; id++)
        {
            OrdinalRange bounds = scheme.Bounds(new PartitionId(id));
            yield return bounds.First;
            yield return bounds.Last;
            yield return unchecked(bounds.First - 1);
            yield return unchecked(bounds.Last + 1);
        }

        for (int i = 0; i < 20_000; i++)
        {
            yield return random.NextInt64(0, 1L << random.Next(1, 63)) * random.Next(-1, 2);
        }
    }
}
