using Mortise.Plugins;

namespace Mortise.Cache.Clock;

/// <summary>The plugin's entry point: one component, <c>mortise.cache.clock</c>.</summary>
public sealed class ClockPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddCachePolicy<ClockOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.cache.clock",
                Summary = "drops what was not used since the hand last passed: cheaper than LRU, about as good",
            },
            static (options, capacityBytes, _) => new ClockCachePolicy(options, capacityBytes));
    }
}
