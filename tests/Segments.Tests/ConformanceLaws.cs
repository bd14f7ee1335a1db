using Mortise.Conformance;
using Mortise.Conformance.Xunit;

namespace Mortise.Segments.Tests;

/// <summary>The laws that every record store has to obey, on this one.</summary>
public sealed class ConformanceLaws : PluginConformance<SegmentsPlugin>
{
    protected override LawSettings Settings { get; } =
        TestSeed.Soak > 1 ? new LawSettings { Tier = LawTier.Standard } : new LawSettings();
}
