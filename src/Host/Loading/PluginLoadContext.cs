using System.Collections.Concurrent;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using Mortise.Host.Installing;

namespace Mortise.Host.Loading;

/// <summary>How one assembly of a plugin was found.</summary>
/// <param name="Name">The simple name that was asked for.</param>
/// <param name="Requested">The version that was asked for; empty for a native library.</param>
/// <param name="Rule">Which rule decided: <c>contract</c>, <c>framework</c>, <c>private</c>, <c>native</c>.</param>
/// <param name="Source">The path or the version that was given.</param>
public readonly record struct AssemblyResolution(string Name, string Requested, string Rule, string Source);

/// <summary>The load context of one version of one plugin.</summary>
/// <remarks>
/// Three rules, in this order: the contract is the host's, by simple name; what the .NET framework has is the host's,
/// or an error when the plugin needs a newer one; everything else is the plugin's own, from its folder as its deps.json
/// says, or an error. The host's own dependencies are never visible, so a plugin cannot come to rest on one by
/// accident.
/// </remarks>
internal sealed class PluginLoadContext : AssemblyLoadContext
{
    private static readonly Dictionary<string, string> s_framework = Directory
        .GetFiles(RuntimeEnvironment.GetRuntimeDirectory(), "*.dll")
        .ToDictionary(static p => Path.GetFileNameWithoutExtension(p), StringComparer.OrdinalIgnoreCase);

    private readonly AssemblyDependencyResolver _resolver;
    private readonly string _plugin;
    private readonly string _folder;
    private readonly Func<AssemblyName, Assembly> _share;
    private readonly ConcurrentQueue<AssemblyResolution> _resolutions = new();

    /// <summary>Makes a context; loads nothing.</summary>
    /// <param name="plugin">The plugin's id and version, for messages and for the context's name.</param>
    /// <param name="assemblyPath">The full path of its main assembly. A folder would resolve nothing, silently.</param>
    /// <param name="isCollectible">True when it can be unloaded; costs 3 to 6 times on interface calls.</param>
    /// <param name="share">Gives the host's assembly of a name; null for the default.</param>
    public PluginLoadContext(
        string plugin, string assemblyPath, bool isCollectible, Func<AssemblyName, Assembly>? share = null)
        : base(plugin, isCollectible)
    {
        _share = share ?? Default.LoadFromAssemblyName;
        _plugin = plugin;
        _folder = Path.GetDirectoryName(assemblyPath)!;
        _resolver = new AssemblyDependencyResolver(assemblyPath);
    }

    /// <summary>What was resolved so far, in order.</summary>
    public IReadOnlyCollection<AssemblyResolution> Resolutions => _resolutions;

    /// <summary>True when the framework has an assembly of that name.</summary>
    public static bool IsFramework(string name) => s_framework.ContainsKey(name);

    protected override Assembly? Load(AssemblyName assemblyName)
    {
        string name = assemblyName.Name ?? "";
        string requested = assemblyName.Version?.ToString() ?? "";
        if (string.Equals(name, ContractVersion.AssemblyName, StringComparison.OrdinalIgnoreCase))
        {
            Note(new AssemblyResolution(name, requested, "contract", ContractVersion.Current.ToNormalizedString()));
            return ContractVersion.Assembly;
        }

        if (s_framework.TryGetValue(name, out string? frameworkPath))
        {
            Assembly shared;
            try
            {
                shared = _share(new AssemblyName(name));
            }
            catch (IOException e)
            {
                throw new SharedAssemblyException(
                    $"{_plugin} needs {name} {requested}, which host and plugin share, and the host cannot load it: "
                    + e.Message,
                    e);
            }

            Version? offered = shared.GetName().Version;
            if (assemblyName.Version > offered)
            {
                throw new FileLoadException(
                    $"{_plugin} needs {name} {requested}; this host's .NET has {offered}", frameworkPath);
            }

            Note(new AssemblyResolution(name, requested, "framework", offered?.ToString() ?? ""));
            return shared;
        }

        string? path = _resolver.ResolveAssemblyToPath(assemblyName);
        if (path is null)
        {
            if (assemblyName.CultureName is { Length: > 0 })
            {
                // Resources of a language that is not there: the next fallback language is asked for.
                return null;
            }

            throw new FileNotFoundException(
                $"{_plugin} needs {name} {requested}, and its deps.json names no such file; "
                + "publish the plugin with its dependencies");
        }

        RequireInside(path);
        Note(new AssemblyResolution(name, requested, "private", path));
        return LoadFromAssemblyPath(path);
    }

    protected override nint LoadUnmanagedDll(string unmanagedDllName)
    {
        string? path = _resolver.ResolveUnmanagedDllToPath(unmanagedDllName);
        Note(new AssemblyResolution(unmanagedDllName, "", "native", path ?? "the system"));
        if (path is null)
        {
            return 0;
        }

        RequireInside(path);
        return LoadUnmanagedDllFromPath(path);
    }

    /// <summary>What was not hashed is not loaded, whatever the dependencies say.</summary>
    private void RequireInside(string path)
    {
        if (!FolderSafety.IsWithin(_folder, path))
        {
            throw new FileLoadException($"{_plugin} would load '{path}', which is outside its folder "
                + $"'{_folder}'", path);
        }
    }

    private void Note(AssemblyResolution resolution) => _resolutions.Enqueue(resolution);
}

/// <summary>An assembly that host and plugin must share is not in the host. Never answered with a private copy: its
/// types would be others.</summary>
internal sealed class SharedAssemblyException(string message, Exception inner) : Exception(message, inner);
