using Mortise.Conformance;
using Mortise.Conformance.Xunit;

namespace Mortise.Wal.Tests;

/// <summary>The laws that every log has to obey, on this one.</summary>
public sealed class ConformanceTests : PluginConformance<WalPlugin>
{
    protected override LawSettings Settings { get; } =
        TestSeeds.Soak > 1 ? new LawSettings { Tier = LawTier.Standard } : new LawSettings();
}
