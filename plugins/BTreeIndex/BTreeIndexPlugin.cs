using Mortise.Plugins;

namespace Mortise.BTreeIndex;

/// <summary>The plugin's entry point: one component, <c>mortise.btree</c>.</summary>
public sealed class BTreeIndexPlugin : IPlugin
{
    internal const string PluginId = "mortise.btree-index";
    internal const string ComponentId = "mortise.btree";

    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddIndexFamily<BTreeIndexOptions>(
            new ComponentDescriptor
            {
                Id = ComponentId,
                Summary = "ordered index of packed B+trees with an in-memory part; crash-safe by checkpoint",
                FormatName = PageFormat.FormatName,
                FormatVersion = PageFormat.FormatVersion,
                OldestReadableFormatVersion = PageFormat.OldestReadableFormatVersion,
                Offers = ["index.pack"],
            },
            static (context, options, cancellation) => new(BTreeIndexOpener.Open(context, options, cancellation)),
            new BTreeExaminer());
    }
}
