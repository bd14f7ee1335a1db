using System.Reflection;

namespace Mortise.Engine.Tests;

internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static a => a.Key == "RepositoryRoot").Value!;
}

/// <summary>Seeds and sizes of random tests, both overridable from outside.</summary>
internal static class Seed
{
    /// <summary>The seed from MORTISE_SEED, or the test's own.</summary>
    public static int Get(int own) =>
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : own;

    /// <summary>A number of rounds, multiplied by MORTISE_SOAK.</summary>
    public static int Rounds(int own) =>
        own * (int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int factor) ? factor : 1);
}
