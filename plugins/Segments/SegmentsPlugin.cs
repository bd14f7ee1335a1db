using Mortise.Plugins;

namespace Mortise.Segments;

/// <summary>Registers the record store of packed, checksummed segments as <c>mortise.segments</c>.</summary>
public sealed class SegmentsPlugin : IPlugin
{
    /// <inheritdoc/>
    public void Register(IPluginRegistrar registrar)
    {
        ArgumentNullException.ThrowIfNull(registrar);
        var descriptor = new ComponentDescriptor
        {
            Id = SegmentFormat.ComponentId,
            Summary = "Records packed into append-only segment files, each checked on every read.",
            FormatName = SegmentFormat.Name,
            FormatVersion = SegmentFormat.Version,
            OldestReadableFormatVersion = SegmentFormat.OldestReadableVersion,
            Offers = ["records.reclaim", "records.salvage"],
        };
        registrar.AddRecordStore<SegmentsOptions>(descriptor, SegmentRecordStore.OpenAsync, new SegmentsExaminer());
    }
}
