using Mortise.Plugins;
using Mortise.Reference;

namespace Mortise.Fixtures.MemoryIndex;

/// <summary>The reference index as a plugin that is found and loaded at run time.</summary>
public sealed class MemoryIndexPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddIndexFamily<MemoryIndexOptions>(Reference.MemoryIndex.Descriptor, Reference.MemoryIndex.OpenAsync);
    }
}
