using System.Diagnostics;
using System.Reflection;
using Mortise.Components;
using Mortise.Host.Configuration;
using Mortise.Plugins;

namespace Mortise.Host.Loading;

/// <summary>Loads an installed plugin into a load context of its own and lets it register its components.</summary>
/// <remarks>
/// <para>The one place that knows how assemblies are loaded; another loader could stand here. Every check that needs no
/// code of the plugin comes before the first that runs some.</para>
/// <para>Threads: any. A plugin is loaded once per loader; later calls get the same.</para>
/// </remarks>
/// <param name="options">What is demanded of a plugin.</param>
public sealed class PluginLoader(PluginLoaderOptions options)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LoadedPlugin> _loaded = new(StringComparer.Ordinal);

    /// <summary>What was loaded so far, in order of folders.</summary>
    public IReadOnlyList<LoadedPlugin> Loaded
    {
        get
        {
            lock (_gate)
            {
                return [.. _loaded.OrderBy(static p => p.Key, StringComparer.Ordinal).Select(static p => p.Value)];
            }
        }
    }

    /// <summary>Loads a plugin, or gives the one that was loaded from the same folder.</summary>
    /// <exception cref="PluginLoadException">It is not loaded; every reason is in the exception.</exception>
    public LoadedPlugin Load(InstalledPlugin plugin)
    {
        ArgumentNullException.ThrowIfNull(plugin);
        lock (_gate)
        {
            if (!_loaded.TryGetValue(plugin.Folder, out LoadedPlugin? loaded))
            {
                loaded = LoadNew(plugin);
                _loaded.Add(plugin.Folder, loaded);
            }

            return loaded;
        }
    }

    private LoadedPlugin LoadNew(InstalledPlugin plugin)
    {
        var watch = Stopwatch.StartNew();
        var problems = new List<Problem>();
        PluginInspection.Check(plugin, problems);
        if (problems.Count > 0)
        {
            throw new PluginLoadException(problems);
        }

        (string sha256, long bytes) = PluginFolder.Hash(plugin.Folder);
        CheckTrust(plugin, sha256);
        var context = new PluginLoadContext(plugin.ToString(), plugin.AssemblyPath, isCollectible: false);
        using AssemblyLoadContextScope scope = new(context);
        Assembly assembly = Guard(plugin, "load", () => context.LoadFromAssemblyPath(plugin.AssemblyPath));
        IPlugin entry = Guard(plugin, "start", () => CreateEntry(plugin, assembly));
        var origin = new PluginOrigin
        {
            Id = plugin.Manifest.Id,
            Version = plugin.Manifest.Version,
            Folder = plugin.Folder,
            Sha256 = sha256,
            Bytes = bytes,
        };
        var registrar = new ComponentRegistrar(origin);
        IReadOnlyList<PluginComponent> components = Guard(plugin, "register", () =>
        {
            entry.Register(registrar);
            return registrar.Close();
        });
        CompareWithManifest(plugin, components, problems);
        return problems.Count == 0
            ? new LoadedPlugin(origin, assembly, components, context, watch.Elapsed)
            : throw new PluginLoadException(problems);
    }

    private void CheckTrust(InstalledPlugin plugin, string sha256)
    {
        if (options.TrustMode == TrustMode.Off || options.Trust.Objection(plugin, sha256) is not { } objection)
        {
            return;
        }

        if (options.TrustMode == TrustMode.Enforce)
        {
            throw new PluginLoadException([Failed(plugin, ProblemCode.NotTrusted, objection)]);
        }

        options.Log.Write(
            ComponentLogLevel.Warning, $"{plugin} {objection}; loaded all the same, because trust is 'warn'");
    }

    private static IPlugin CreateEntry(InstalledPlugin plugin, Assembly assembly)
    {
        Type[] types;
        try
        {
            types = assembly.GetTypes();
        }
        catch (ReflectionTypeLoadException e)
        {
            IEnumerable<Problem> reasons = e.LoaderExceptions
                .Select(static l => l?.Message ?? "")
                .Distinct(StringComparer.Ordinal)
                .Select(r => Failed(plugin, ProblemCode.Incompatible, $"was built for another contract: {r}"));
            throw new PluginLoadException([.. reasons], e);
        }

        Type[] entries = [.. types.Where(static t => t is { IsClass: true, IsAbstract: false, IsPublic: true }
            && typeof(IPlugin).IsAssignableFrom(t))];
        if (entries.Length != 1)
        {
            string found = entries.Length == 0 ? "none" : string.Join(", ", entries.Select(static t => t.FullName));
            throw new PluginLoadException([Failed(
                plugin,
                ProblemCode.LoadFailed,
                $"must have exactly one public class that implements IPlugin; found {found}")]);
        }

        return entries[0].GetConstructor(Type.EmptyTypes) is { } constructor
            ? (IPlugin)constructor.Invoke(BindingFlags.DoNotWrapExceptions, null, null, null)
            : throw new PluginLoadException([Failed(
                plugin,
                ProblemCode.LoadFailed,
                $"{entries[0].FullName} has no public constructor without parameters")]);
    }

    /// <summary>Discovery believed the manifest; what was registered must be what it said.</summary>
    private static void CompareWithManifest(
        InstalledPlugin plugin, IReadOnlyList<PluginComponent> components, List<Problem> problems)
    {
        foreach (ComponentDeclaration declared in plugin.Manifest.Components)
        {
            PluginComponent? actual = components.FirstOrDefault(c => c.Descriptor.Id == declared.Id);
            if (actual is null)
            {
                problems.Add(Failed(
                    plugin, ProblemCode.LoadFailed, $"declares component '{declared.Id}' and does not register it"));
                continue;
            }

            ComponentDescriptor d = actual.Descriptor;
            string said = Describe(
                declared.Kind, declared.Format, declared.FormatVersion, declared.OldestReadable);
            string found = Describe(actual.Kind, d.FormatName, d.FormatVersion, d.OldestReadableFormatVersion);
            if (said != found)
            {
                problems.Add(Failed(
                    plugin,
                    ProblemCode.LoadFailed,
                    $"declares component '{declared.Id}' as {said} and registers it as {found}"));
            }
        }

        foreach (PluginComponent component in components)
        {
            if (!plugin.Manifest.Components.Any(c => c.Id == component.Descriptor.Id))
            {
                problems.Add(Failed(
                    plugin,
                    ProblemCode.LoadFailed,
                    $"registers component '{component.Descriptor.Id}' and does not declare it in "
                    + PluginManifest.FileName));
            }
        }
    }

    private static string Describe(ComponentKind kind, string format, int version, int oldest) =>
        $"{kind}, format '{format}' {version} from {oldest}";

    private static T Guard<T>(InstalledPlugin plugin, string step, Func<T> run)
    {
        try
        {
            return run();
        }
        catch (PluginLoadException)
        {
            throw;
        }
#pragma warning disable CA1031 // A plugin's code: whatever it throws means that it is not loaded, and the host goes on.
        catch (Exception e) when (e is not OutOfMemoryException)
#pragma warning restore CA1031
        {
            throw new PluginLoadException(
                [Failed(plugin, ProblemCode.LoadFailed, $"failed to {step}: {e.GetType().Name}: {e.Message}")], e);
        }
    }

    private static Problem Failed(InstalledPlugin plugin, ProblemCode code, string fact) =>
        new(code, plugin.Manifest.At, $"{plugin} {fact}");

    /// <summary>Code that loads by name (serializers, Type.GetType) finds the plugin's own assemblies
    /// meanwhile.</summary>
    private readonly ref struct AssemblyLoadContextScope(PluginLoadContext context) : IDisposable
    {
        private readonly System.Runtime.Loader.AssemblyLoadContext.ContextualReflectionScope _scope =
            context.EnterContextualReflection();

        public void Dispose() => _scope.Dispose();
    }
}
