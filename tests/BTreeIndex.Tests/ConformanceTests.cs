using Mortise.Conformance.Xunit;

namespace Mortise.BTreeIndex.Tests;

/// <summary>The laws that every index structure has to obey, on this one.</summary>
public sealed class ConformanceTests : PluginConformance<BTreeIndexPlugin>;
