using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>A trivially correct component for each contract, for static registration in tests.</summary>
public sealed class ReferencePlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddLog<SimpleLogOptions>(SimpleLog.Descriptor, SimpleLog.OpenAsync, SimpleLog.Examiner);
        registrar.AddRecordStore<SimpleRecordStoreOptions>(
            SimpleRecordStore.Descriptor, SimpleRecordStore.OpenAsync, SimpleRecordStore.Examiner);
        registrar.AddIndexFamily<MemoryIndexOptions>(MemoryIndex.Descriptor, MemoryIndex.OpenAsync);
        registrar.AddIndexFamily<MemoryIndexOptions>(
            SimpleIndex.Descriptor, SimpleIndex.OpenAsync, SimpleIndex.Examiner);
        registrar.AddCachePolicy<NoOptions>(
            new ComponentDescriptor { Id = "mortise.reference.fifo", Summary = "First in, first out." },
            (_, capacity, _) => new FifoCachePolicy(capacity));
        registrar.AddPartitionScheme<SinglePartitionOptions>(
            new ComponentDescriptor { Id = "mortise.reference.single", Summary = "One partition." },
            static options => new SinglePartition(options.Name));
        registrar.AddTermProjection<NoOptions>(
            new ComponentDescriptor { Id = "mortise.reference.split", Summary = "Words between spaces." },
            static _ => new SplitTerms());
    }
}
