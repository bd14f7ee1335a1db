using Mortise.Plugins;

namespace Mortise.Index.Lmdb;

/// <summary>The plugin's entry point: one component, <c>mortise.lmdb</c>.</summary>
public sealed class LmdbPlugin : IPlugin
{
    internal const string PluginId = "mortise.index-lmdb";
    internal const string ComponentId = "mortise.lmdb";

    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddIndexFamily<LmdbOptions>(
            new ComponentDescriptor
            {
                Id = ComponentId,
                Summary = "ordered index in an LMDB environment; every batch is one durable transaction",
                FormatName = LmdbFormat.FormatName,
                FormatVersion = LmdbFormat.Version,
                OldestReadableFormatVersion = LmdbFormat.Version,
            },
            static (context, options, cancellation) => new(LmdbIndex.Open(context, options, cancellation)));
    }
}
