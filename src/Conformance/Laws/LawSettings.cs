using System.Globalization;

namespace Mortise.Conformance;

/// <summary>How laws are checked.</summary>
public sealed class LawSettings
{
    /// <summary>Decides everything that is left to chance. By default from the environment variable MORTISE_SEED, or
    /// 1.</summary>
    public ulong Seed { get; init; } = FromEnvironment();

    /// <summary>How much is tried.</summary>
    public LawTier Tier { get; init; } = LawTier.Smoke;

    /// <summary>A check that takes longer has hung: a verdict, not a measurement.</summary>
    public TimeSpan HangLimit { get; init; } = TimeSpan.FromMinutes(5);

    private static ulong FromEnvironment() =>
        ulong.TryParse(
            Environment.GetEnvironmentVariable("MORTISE_SEED"), NumberStyles.None, CultureInfo.InvariantCulture,
            out ulong seed)
            ? seed
            : 1;
}
