namespace Mortise.TestSupport;

/// <summary>The seed of a random test: fixed, unless MORTISE_SEED says another; and how often to repeat.</summary>
internal static class Seeds
{
    public static int Value { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    public static int Soak { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int soak) ? Math.Max(1, soak) : 1;
}
