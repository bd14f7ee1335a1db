using Mortise.Conformance;
using Mortise.Conformance.Xunit;

namespace Mortise.Segments.Tests;

/// <summary>The laws that every record store has to obey, on this one.</summary>
public class ConformanceLaws : PluginConformance<SegmentsPlugin>
{
    protected override LawSettings Settings { get; } =
        TestSeed.Soak > 1 ? new LawSettings { Tier = LawTier.Standard } : new LawSettings();
}

/// <summary>The same laws on compressed segments.</summary>
public sealed class PackedConformanceLaws : ConformanceLaws
{
    protected override void Configure(string component, object options)
    {
        base.Configure(component, options);
        var segments = (SegmentsOptions)options;
        segments.Compression = RecordCompression.Brotli;
        segments.CompressionBlock = ByteSize.KiB(4);
    }
}
