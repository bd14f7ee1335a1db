using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>The plugin's entry point: says what there is, and does nothing else.</summary>
public sealed class Plugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddCachePolicy<LruOptions>(
            new ComponentDescriptor { Id = "mortise.reference.lru", Summary = "Drops what was used longest ago." },
            static (options, capacityBytes, _) => new LruCachePolicy(options, capacityBytes));
    }
}
