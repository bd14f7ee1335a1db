using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>The plugin's entry point: says what there is, and does nothing else.</summary>
public sealed class Plugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddPartitionScheme<SinglePartitionOptions>(
            new ComponentDescriptor { Id = "mortise.reference.single", Summary = "One partition." },
            static options => new SinglePartition(options.Name));
    }
}
