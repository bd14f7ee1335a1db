using System.Reflection;

namespace Mortise.Host.Tests;

internal static class Repository
{
    public static string Root { get; } = typeof(Repository).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(static a => a.Key == "RepositoryRoot").Value!;

    /// <summary>The bundled plugins as they are installed.</summary>
    public static string Plugins { get; } = Path.Combine(Root, "artifacts", "plugins");

    /// <summary>The plugins that only tests load.</summary>
    public static string TestPlugins { get; } = Path.Combine(Root, "artifacts", "test-plugins");
}
