using Mortise.Plugins;

namespace Mortise.Wal;

/// <summary>The plugin: one component, <c>mortise.wal</c>.</summary>
public sealed class WalPlugin : IPlugin
{
    internal static ComponentDescriptor Descriptor { get; } = new()
    {
        Id = "mortise.wal",
        Summary = "Segments of prewritten or recycled space, one device sync for all who wait.",
        FormatName = Format.WalFormat.Name,
        FormatVersion = Format.WalFormat.Version,
        OldestReadableFormatVersion = Format.WalFormat.OldestReadable,
        Offers = ["log.dump"],
    };

    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        registrar.AddLog<WalOptions>(Descriptor, SegmentedLog.OpenAsync, new Examination.WalExaminer());
    }
}
