using Mortise.Plugins;
using Mortise.Reference;

namespace Mortise.Fixtures.Misbehaving;

/// <summary>One component for each verdict that a kit must be able to give.</summary>
public sealed class MisbehavingPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddIndexFamily<MemoryIndexOptions>(
            Named("misbehaving.unopenable", "Throws when it is opened."),
            static (_, _, _) => throw new InvalidOperationException("this index never opens"));
        registrar.AddIndexFamily<MemoryIndexOptions>(
            Named("misbehaving.sound", "An index in memory that keeps every law."), MemoryIndex.OpenAsync);
        registrar.AddCachePolicy<NoOptions>(
            Named("misbehaving.hanging", "Waits for ever when it is resized."),
            static (_, capacity, _) => new ResizingCache(capacity, static () => Thread.Sleep(Timeout.Infinite)));
        registrar.AddCachePolicy<NoOptions>(
            Named("misbehaving.crashing", "Ends its process when it is resized."),
            static (_, capacity, _) => new ResizingCache(
                capacity, static () => Environment.FailFast("the crashing cache crashes")));
        registrar.AddCachePolicy<NoOptions>(
            Named("misbehaving.lossy", "Forgets the weight of what it removes."),
            static (_, capacity, _) => new LossyCache(capacity));
        registrar.AddPartitionScheme<NoOptions>(
            Named("misbehaving.printing", "Writes to the console at every call."), static _ => new PrintingScheme());
    }

    private static ComponentDescriptor Named(string id, string summary) => new() { Id = id, Summary = summary };
}
