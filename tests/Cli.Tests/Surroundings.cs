using System.Reflection;

namespace Mortise.Cli.Tests;

/// <summary>Where things are, and how hard to try.</summary>
internal static class Surroundings
{
    public static string Root { get; } = Metadata("RepositoryRoot");

    public static string Plugins { get; } = Path.Combine(Root, "artifacts", "plugins");

    public static string Tool { get; } = Path.Combine(
        Root, "artifacts", "bin", "Mortise.Cli", Metadata("Configuration").ToLowerInvariant(), "Mortise.Cli.dll");

    /// <summary>Real events, which are no part of the project and not everywhere.</summary>
    public static string RealEvents { get; } =
        Path.GetFullPath(Path.Combine(Root, "..", "shared", "data", "nostr-events.jsonl.gz"));

    public static int Seed { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SEED"), out int seed) ? seed : 20_260_101;

    public static int Soak { get; } =
        int.TryParse(Environment.GetEnvironmentVariable("MORTISE_SOAK"), out int soak) ? Math.Max(1, soak) : 1;

    private static string Metadata(string key) => typeof(Surroundings).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(metadata => metadata.Key == key).Value!;
}

/// <summary>A test over real events; skipped, and says so, where they are absent.</summary>
[AttributeUsage(AttributeTargets.Method)]
internal sealed class RealEventsFactAttribute : FactAttribute
{
    public RealEventsFactAttribute()
    {
        if (!File.Exists(Surroundings.RealEvents))
        {
            Skip = "the shared real events are not on this machine (../shared/data/nostr-events.jsonl.gz)";
        }
    }
}
