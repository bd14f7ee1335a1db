using System.Globalization;

namespace Mortise.Conformance;

/// <summary>How laws are checked.</summary>
public sealed class LawSettings
{
    /// <summary>Decides everything that is left to chance. By default from the environment variable MORTISE_SEED, or
    /// 1.</summary>
    public ulong Seed { get; init; } = FromEnvironment();

    /// <summary>How much is tried. By default what the environment variable MORTISE_TIER names, or
    /// <see cref="LawTier.Smoke"/>.</summary>
    public LawTier Tier { get; init; } = TierFromEnvironment();

    /// <summary>A check that takes longer has hung: a verdict, not a measurement.</summary>
    public TimeSpan HangLimit { get; init; } = TimeSpan.FromMinutes(5);

    private static LawTier TierFromEnvironment() =>
        Enum.TryParse(Environment.GetEnvironmentVariable("MORTISE_TIER"), ignoreCase: true, out LawTier tier)
        && Enum.IsDefined(tier)
            ? tier
            : LawTier.Smoke;

    private static ulong FromEnvironment() =>
        ulong.TryParse(
            Environment.GetEnvironmentVariable("MORTISE_SEED"), NumberStyles.None, CultureInfo.InvariantCulture,
            out ulong seed)
            ? seed
            : 1;
}
