using System.Text.Json;
using Mortise.Host.Installing;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>Reads what the runtime will read of a plugin (deps.json, runtimeconfig.json) before the runtime does, and
/// says what it would do silently.</summary>
internal static class DependencyFile
{
    private const string ThisFramework = "Microsoft.NETCore.App";

    /// <summary>Checks that every file that dependencies name is in the folder, once.</summary>
    /// <param name="path">The deps.json.</param>
    /// <param name="folder">The plugin's folder.</param>
    /// <returns>Facts about the plugin.</returns>
    /// <exception cref="JsonException">It is not JSON.</exception>
    public static IReadOnlyList<string> Check(string path, string folder)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        var problems = new List<string>();
        if (document.RootElement.ValueKind != JsonValueKind.Object
            || !document.RootElement.TryGetProperty("targets", out JsonElement targets)
            || targets.ValueKind != JsonValueKind.Object)
        {
            return [$"has a {Path.GetFileName(path)} without targets"];
        }

        var bySimpleName = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        foreach ((string asset, bool isPlatform) in targets.EnumerateObject().SelectMany(static t => Assets(t.Value)))
        {
            string[] candidates = [Path.Combine(folder, asset), Path.Combine(folder, Path.GetFileName(asset))];
            if (Path.IsPathRooted(asset) || !Array.TrueForAll(candidates, c => FolderSafety.IsWithin(folder, c)))
            {
                problems.Add($"names '{asset}' in {Path.GetFileName(path)}, which is outside its folder");
                continue;
            }

            if (!Array.Exists(candidates, File.Exists))
            {
                problems.Add(
                    $"names {asset} in {Path.GetFileName(path)}, and that file is not in its folder; "
                    + "publish the plugin with its dependencies");
                continue;
            }

            string name = Path.GetFileName(asset);
            if (!isPlatform && name.EndsWith(".dll", StringComparison.OrdinalIgnoreCase)
                && !bySimpleName.TryAdd(name, asset) && bySimpleName[name] != asset)
            {
                problems.Add($"has two assemblies called {name}: {bySimpleName[name]} and {asset}");
            }
        }

        problems.AddRange(Twice(folder));
        return problems;
    }

    /// <summary>Compares the frameworks that a plugin was built for with the host's.</summary>
    public static IReadOnlyList<string> CheckFrameworks(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        var problems = new List<string>();
        if (!document.RootElement.TryGetProperty("runtimeOptions", out JsonElement options))
        {
            return problems;
        }

        IEnumerable<JsonElement> frameworks = options.TryGetProperty("frameworks", out JsonElement several)
            ? several.EnumerateArray()
            : options.TryGetProperty("framework", out JsonElement one) ? [one] : [];
        foreach (JsonElement framework in frameworks)
        {
            string name = framework.GetProperty("name").GetString() ?? "";
            string version = framework.GetProperty("version").GetString() ?? "";
            if (name != ThisFramework)
            {
                problems.Add($"needs the framework {name} {version}; this host offers {ThisFramework} only");
            }
            else if (NuGetVersion.TryParse(version, out NuGetVersion? wanted)
                && wanted > new NuGetVersion(Environment.Version))
            {
                problems.Add($"needs .NET {version}; this host runs on {Environment.Version}");
            }
        }

        return problems;
    }

    /// <summary>Assemblies outside <c>runtimes/</c> whose file names are equal; resources of languages may
    /// be.</summary>
    private static IEnumerable<string> Twice(string folder) => PluginFolder.Files(folder)
        .Where(static p => Path.GetExtension(p) == ".dll")
        .Select(p => Path.GetRelativePath(folder, p).Replace(Path.DirectorySeparatorChar, '/'))
        .Where(static p => !p.StartsWith("runtimes/", StringComparison.Ordinal)
            && !p.EndsWith(".resources.dll", StringComparison.OrdinalIgnoreCase))
        .GroupBy(static p => Path.GetFileName(p), StringComparer.OrdinalIgnoreCase)
        .Where(static g => g.Count() > 1)
        .Select(static g => $"has two assemblies called {g.Key}: {string.Join(" and ", g)}");

    private static IEnumerable<(string Path, bool IsPlatform)> Assets(JsonElement target)
    {
        foreach (JsonElement library in Objects(target))
        {
            foreach (string kind in (string[])["runtime", "native"])
            {
                foreach (string name in Names(library, kind))
                {
                    yield return (name, false);
                }
            }

            foreach (string name in Names(library, "runtimeTargets"))
            {
                yield return (name, true);
            }
        }
    }

    private static IEnumerable<JsonElement> Objects(JsonElement target) =>
        target.ValueKind == JsonValueKind.Object ? target.EnumerateObject().Select(static p => p.Value) : [];

    private static IEnumerable<string> Names(JsonElement library, string kind) =>
        library.ValueKind == JsonValueKind.Object && library.TryGetProperty(kind, out JsonElement files)
            && files.ValueKind == JsonValueKind.Object
            ? files.EnumerateObject().Select(static p => p.Name)
            : [];
}
