using Mortise.Host.Configuration;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>The plugins that are installed, known from their manifests. Nothing of them has been loaded.</summary>
/// <remarks>A plugin is the folder <c>ROOT/NAME/VERSION/</c> with a <c>plugin.json</c> in it. A folder that is wrong
/// is a problem in <see cref="Problems"/>, and no obstacle to the others.</remarks>
public sealed class PluginCatalog
{
    private PluginCatalog(IReadOnlyList<InstalledPlugin> plugins, IReadOnlyList<Problem> problems)
    {
        Plugins = plugins;
        Problems = problems;
    }

    /// <summary>A catalog without plugins, for hosts that register theirs from code.</summary>
    public static PluginCatalog Empty { get; } = new([], []);

    /// <summary>The plugins, by id and then version.</summary>
    public IReadOnlyList<InstalledPlugin> Plugins { get; }

    /// <summary>What is wrong with folders that look like plugins and are none.</summary>
    public IReadOnlyList<Problem> Problems { get; }

    /// <summary>Reads the manifests below some folders.</summary>
    /// <param name="roots">The folders; one that does not exist is a problem.</param>
    public static PluginCatalog Scan(IEnumerable<string> roots)
    {
        ArgumentNullException.ThrowIfNull(roots);
        var plugins = new List<InstalledPlugin>();
        var problems = new List<Problem>();
        foreach (string root in roots.Select(Path.GetFullPath).Distinct(StringComparer.Ordinal))
        {
            try
            {
                // What begins with a dot is being installed or removed.
                foreach (string folder in Directory.GetDirectories(root)
                    .Where(static f => Path.GetFileName(f)[0] != '.').SelectMany(Directory.GetDirectories))
                {
                    string path = Path.Combine(folder, PluginManifest.FileName);
                    if (File.Exists(path) && Read(path, folder, problems) is { } plugin)
                    {
                        plugins.Add(plugin);
                    }
                }
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                problems.Add(new Problem(
                    ProblemCode.Unreadable,
                    new SourcePosition(root),
                    $"the folder of plugins cannot be read: {e.Message}"));
            }
        }

        plugins.Sort(static (a, b) =>
        {
            int byId = string.CompareOrdinal(a.Manifest.Id, b.Manifest.Id);
            int byVersion = byId != 0 ? byId : VersionComparer.Default.Compare(a.Manifest.Version, b.Manifest.Version);
            return byVersion != 0 ? byVersion : string.CompareOrdinal(a.Folder, b.Folder);
        });
        return new PluginCatalog(plugins, Problem.Sorted(problems));
    }

    /// <summary>The plugins that declare a component, newest version last.</summary>
    public IEnumerable<InstalledPlugin> WithComponent(string componentId) =>
        Plugins.Where(p => p.Manifest.Components.Any(c => c.IsCalled(componentId)));

    /// <summary>Reads the manifest of one folder that is a plugin, whatever the folder's name.</summary>
    /// <param name="folder">The folder with the <c>plugin.json</c>.</param>
    /// <exception cref="PluginLoadException">There is none, or it is wrong.</exception>
    public static InstalledPlugin ReadFolder(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string path = Path.GetFullPath(Path.Combine(folder, PluginManifest.FileName));
        if (!File.Exists(path))
        {
            throw new PluginLoadException([new Problem(
                ProblemCode.Unreadable,
                new SourcePosition(path),
                "there is no such file, so the folder is no plugin")]);
        }

        var problems = new List<Problem>();
        return PluginManifest.Parse(path, ReadBytes(path), problems) is { } manifest
            ? new InstalledPlugin(manifest, Path.GetDirectoryName(path)!)
            : throw new PluginLoadException(problems);
    }

    private static byte[] ReadBytes(string path)
    {
        using FileStream file = File.OpenRead(path);

        // One byte more than allowed is enough to know that there are too many.
        byte[] bytes = new byte[Math.Min(file.Length, ConfigTreeBuilder.MaxBytes + 1)];
        file.ReadExactly(bytes);
        return bytes;
    }

    private static InstalledPlugin? Read(string path, string folder, List<Problem> problems)
    {
        PluginManifest? manifest = PluginManifest.Parse(path, ReadBytes(path), problems);
        if (manifest is null)
        {
            return null;
        }

        string name = Path.GetFileName(Path.GetDirectoryName(folder)!);
        if (name.Contains('.', StringComparison.Ordinal) && PluginManifest.IsId(name) && name != manifest.Id)
        {
            problems.Add(new Problem(
                ProblemCode.FolderMismatch, manifest.At, $"{manifest.Id} is in a folder named {name}, another id"));
            return null;
        }

        string version = Path.GetFileName(folder);
        if (!string.Equals(version, manifest.Version.ToNormalizedString(), StringComparison.OrdinalIgnoreCase))
        {
            problems.Add(new Problem(
                ProblemCode.FolderMismatch,
                manifest.At,
                $"{manifest.Id} says version {manifest.Version} in a folder named {version}"));
            return null;
        }

        return new InstalledPlugin(manifest, folder);
    }
}
