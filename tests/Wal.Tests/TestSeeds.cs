using System.Globalization;

namespace Mortise.Wal.Tests;

/// <summary>The seed and the amount of work of a run; both can be set from outside.</summary>
internal static class TestSeeds
{
    public static int Soak => int.TryParse(
        Environment.GetEnvironmentVariable("MORTISE_SOAK"), CultureInfo.InvariantCulture, out int n) && n > 0 ? n : 1;

    public static ulong Of(ulong fallback) => ulong.TryParse(
        Environment.GetEnvironmentVariable("MORTISE_SEED"), CultureInfo.InvariantCulture, out ulong seed)
        ? seed
        : fallback;
}
