using Xunit.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>Seeds and effort, from the environment.</summary>
internal static class TestSeed
{
    public static int Soak { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int soak) ? Math.Max(1, soak) : 1;

    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    public static Random Random(ITestOutputHelper output)
    {
        output.WriteLine($"MORTISE_SEED={Seed} MORTISE_SOAK={Soak}");
        return new Random(Seed);
    }
}
