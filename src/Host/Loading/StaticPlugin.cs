using System.Diagnostics;
using Mortise.Plugins;
using NuGet.Versioning;

namespace Mortise.Host.Loading;

/// <summary>A plugin that the program refers to itself and registers from code.</summary>
/// <remarks>It goes through the same composition as one that was loaded from a folder.</remarks>
/// <param name="plugin">The plugin.</param>
/// <param name="id">Its id.</param>
/// <param name="version">Its semantic version.</param>
public sealed class StaticPlugin(IPlugin plugin, string id, string version)
{
    internal LoadedPlugin Register()
    {
        var watch = Stopwatch.StartNew();
        var origin = new PluginOrigin
        {
            Id = id,
            Version = NuGetVersion.Parse(version),
            Folder = "(in process)",
            LoadedFrom = "(in process)",
            Sha256 = "",
            Bytes = 0,
        };
        var registrar = new ComponentRegistrar(origin, plugin.GetType().Assembly);
        plugin.Register(registrar);
        return new LoadedPlugin(origin, plugin.GetType().Assembly, registrar.Close(), null, null, watch.Elapsed);
    }
}
