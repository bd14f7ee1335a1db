using Mortise.Conformance.Xunit;

namespace Mortise.Reference.Tests;

/// <summary>The laws of the contract, one test each. MORTISE_SEED and MORTISE_TIER decide how they are tried.</summary>
public sealed class ConformanceTests : PluginConformance<Plugin>;
