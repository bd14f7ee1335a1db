using Mortise.Plugins;

namespace Mortise.Partitioning;

/// <summary>The plugin's entry point: <c>mortise.partition.none</c>, <c>.time</c> and <c>.hash</c>.</summary>
public sealed class PartitioningPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddPartitionScheme<NoPartitionOptions>(
            new ComponentDescriptor { Id = "mortise.partition.none", Summary = "one partition holds everything" },
            static _ => new NoPartitionScheme());
        registrar.AddPartitionScheme<TimePartitionOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.partition.time",
                Summary = "one partition a year, month, ISO week or day (UTC), two for everything before and after",
            },
            static options => new TimePartitionScheme(options));
        registrar.AddPartitionScheme<HashPartitionOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.partition.hash",
                Summary = "a fixed number of partitions by a hash of the key",
            },
            static options => new HashPartitionScheme(options));
    }
}
