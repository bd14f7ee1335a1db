using System.Globalization;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Seeds and sizes of tests, as the environment may set them.</summary>
internal static class TestRun
{
    /// <summary>MORTISE_SOAK multiplies the number of runs.</summary>
    public static int Soak { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int soak) ? Math.Max(1, soak) : 1;

    /// <summary>MORTISE_SEED, when set, is the only seed that runs.</summary>
    public static int? OnlySeed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : null;

    /// <summary>MORTISE_SECONDS makes runs that have no end of their own last so long; 0 without it.</summary>
    public static int Seconds { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SECONDS"), out int seconds) ? Math.Max(0, seconds) : 0;

    /// <summary>MORTISE_SLICE=k/n leaves the k-th of n parts of a long run, k from 1: so it can be done a part at a
    /// time.</summary>
    public static IEnumerable<T> Slice<T>(IEnumerable<T> all)
    {
        if (Environment.GetEnvironmentVariable("MORTISE_SLICE") is not { Length: > 0 } text)
        {
            return all;
        }

        string[] parts = text.Split('/');
        int part = int.Parse(parts[0], CultureInfo.InvariantCulture);
        int of = int.Parse(parts[1], CultureInfo.InvariantCulture);
        Assert.InRange(part, 1, of);
        return all.Where((_, i) => i % of == part - 1);
    }

    /// <summary>Runs a test once per seed, and says which seed failed.</summary>
    public static void ForSeeds(int count, Action<int> test)
    {
        foreach (int seed in OnlySeed is { } only ? [only] : Enumerable.Range(1, count * Soak))
        {
            try
            {
                test(seed);
            }
            catch (Exception e)
            {
                Assert.Fail($"MORTISE_SEED={seed}: {e}");
            }
        }
    }
}
