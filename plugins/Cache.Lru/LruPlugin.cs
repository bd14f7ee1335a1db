using Mortise.Plugins;

namespace Mortise.Cache.Lru;

/// <summary>The plugin's entry point: one component, <c>mortise.cache.lru</c>.</summary>
public sealed class LruPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddCachePolicy<LruOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.cache.lru",
                Summary = "drops what was used longest ago; bounded by bytes and, if asked, by count",
            },
            static (options, capacityBytes, _) => new LruCachePolicy(options, capacityBytes));
    }
}
