using Mortise.Plugins;

namespace Mortise.Reference;

/// <summary>The plugin's entry point: says what there is, and does nothing else.</summary>
public sealed class Plugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddRecordStore<SimpleRecordStoreOptions>(
            SimpleRecordStore.Descriptor, SimpleRecordStore.OpenAsync, SimpleRecordStore.Examiner);
    }
}
