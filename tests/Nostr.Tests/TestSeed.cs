using System.Globalization;

namespace Mortise.Nostr.Tests;

/// <summary>Where a randomised test starts, and how far it goes.</summary>
internal static class TestSeed
{
    /// <summary>The test's own seed, unless MORTISE_SEED names another.</summary>
    internal static int Or(int seed) => Number("MORTISE_SEED") ?? seed;

    /// <summary>A count times MORTISE_SOAK.</summary>
    internal static int Soaked(int count) => count * (Number("MORTISE_SOAK") ?? 1);

    /// <summary>A small count for every run; with MORTISE_SOAK, that many times a larger one.</summary>
    internal static int Soaked(int count, int perSoak) => Number("MORTISE_SOAK") is > 1 and int soak ? soak * perSoak : count;

    private static int? Number(string variable) =>
        Environment.GetEnvironmentVariable(variable) is { Length: > 0 } text
            ? int.Parse(text, CultureInfo.InvariantCulture)
            : null;
}
