using System.Reflection;

namespace Mortise.Host.Loading;

/// <summary>A plugin whose code is in the process, with what it registered.</summary>
public sealed class LoadedPlugin
{
    private readonly PluginLoadContext? _context;

    internal LoadedPlugin(
        PluginOrigin origin,
        Assembly assembly,
        IReadOnlyList<PluginComponent> components,
        PluginLoadContext? context,
        TimeSpan loadTime)
    {
        LoadTime = loadTime;
        Origin = origin;
        Assembly = assembly;
        Components = components;
        _context = context;
    }

    /// <summary>Who it is and where it came from.</summary>
    public PluginOrigin Origin { get; }

    /// <summary>The assembly with the entry point.</summary>
    public Assembly Assembly { get; }

    /// <summary>What it registered.</summary>
    public IReadOnlyList<PluginComponent> Components { get; }

    /// <summary>How long checking, loading and registering took.</summary>
    public TimeSpan LoadTime { get; }

    /// <summary>How each of its assemblies was found, in order; empty when it was registered from code.</summary>
    public IReadOnlyCollection<AssemblyResolution> Resolutions => _context?.Resolutions ?? [];
}
