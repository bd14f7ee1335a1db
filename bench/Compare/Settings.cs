using System.Globalization;

namespace Mortise.Bench.Compare;

/// <summary>What the command line asks for.</summary>
/// <param name="Events">Of the workload.</param>
/// <param name="Rounds">Each measures every engine once.</param>
/// <param name="Seconds">The longest time of a timed pass.</param>
/// <param name="Write">Whether the report goes into docs/performance.</param>
/// <param name="Growth">Sizes at which the store alone is measured; none to compare it with its rivals.</param>
internal sealed record Settings(long Events, int Rounds, double Seconds, bool Write, IReadOnlyList<long> Growth)
{
    public static Settings Parse(string[] arguments)
    {
        var settings = new Settings(200_000, 3, 2, false, []);
        for (int i = 0; i < arguments.Length; i++)
        {
            settings = arguments[i] switch
            {
                "--write" => settings with { Write = true },
                "--growth" => settings with { Growth = Sizes(Value()) },
                "--events" => settings with { Events = long.Parse(Value(), CultureInfo.InvariantCulture) },
                "--rounds" => settings with { Rounds = int.Parse(Value(), CultureInfo.InvariantCulture) },
                "--seconds" => settings with { Seconds = double.Parse(Value(), CultureInfo.InvariantCulture) },
                _ => throw new ArgumentException($"unknown argument '{arguments[i]}'"),
            };

            string Value() => ++i < arguments.Length
                ? arguments[i]
                : throw new ArgumentException($"{arguments[i - 1]} needs a value");
        }

        return settings;
    }

    private static long[] Sizes(string text) =>
        Array.ConvertAll(text.Split(','), static size => long.Parse(size, CultureInfo.InvariantCulture));
}
