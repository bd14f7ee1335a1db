using System.Reflection;
using Mortise.Host.Installing;

namespace Mortise.Host.Loading;

/// <summary>A plugin whose code is in the process, with what it registered.</summary>
public sealed class LoadedPlugin
{
    private readonly Lock _gate = new();
    private PluginLoadContext? _context;
    private PrivateCopy? _copy;
    private Assembly? _assembly;

    internal LoadedPlugin(
        PluginOrigin origin,
        Assembly assembly,
        IReadOnlyList<PluginComponent> components,
        PluginLoadContext? context,
        PrivateCopy? copy,
        TimeSpan loadTime)
    {
        LoadTime = loadTime;
        Origin = origin;
        Components = components;
        _assembly = assembly;
        _context = context;
        _copy = copy;
    }

    /// <summary>Who it is and where it came from.</summary>
    public PluginOrigin Origin { get; }

    /// <summary>The assembly with the entry point.</summary>
    /// <exception cref="ObjectDisposedException">It was unloaded.</exception>
    public Assembly Assembly => _assembly ?? throw new ObjectDisposedException(Origin.ToString());

    /// <summary>What it registered; empty when it was unloaded.</summary>
    public IReadOnlyList<PluginComponent> Components { get; private set; }

    /// <summary>How long checking, loading and registering took.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>True when it was loaded so that it can be unloaded.</summary>
    public bool CanUnload => _context is { IsCollectible: true };

    /// <summary>How each of its assemblies was found, in order; empty when it was registered from code.</summary>
    public IReadOnlyCollection<AssemblyResolution> Resolutions => _context?.Resolutions ?? [];

    /// <summary>True when an assembly is the plugin's, also of one that was registered from code.</summary>
    internal bool Holds(Assembly assembly) => ReferenceEquals(assembly, _assembly) || Owns(assembly);

    /// <summary>True when the plugin's code includes an assembly.</summary>
    internal bool Owns(Assembly assembly) =>
        _context is { } context && context.Assemblies.Contains(assembly);

    /// <summary>Drops everything that the host holds of the plugin.</summary>
    internal PluginUnload BeginUnload()
    {
        lock (_gate)
        {
            if (!CanUnload)
            {
                throw new InvalidOperationException(
                    $"{Origin} was loaded for good; set its reload to 'swap' to be able to unload it");
            }

            var unload = new PluginUnload(Origin, _context!, _assembly!, _copy);
            foreach (PluginComponent component in Components)
            {
                component.Retire();
            }

            Components = [];
            PluginLoadContext context = _context!;
            _assembly = null;
            _context = null;
            _copy = null;
            context.Unload();
            return unload;
        }
    }
}
