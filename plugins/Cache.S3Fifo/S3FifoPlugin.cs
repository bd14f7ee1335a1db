using Mortise.Plugins;

namespace Mortise.Cache.S3Fifo;

/// <summary>The plugin's entry point: one component, <c>mortise.cache.s3fifo</c>.</summary>
public sealed class S3FifoPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddCachePolicy<S3FifoOptions>(
            new ComponentDescriptor
            {
                Id = "mortise.cache.s3fifo",
                Summary = "three queues: what was seen once leaves soon, so a scan does not flush what is used",
            },
            static (options, capacityBytes, _) => new S3FifoCachePolicy(options, capacityBytes));
    }
}
