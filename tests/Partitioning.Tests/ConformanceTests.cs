using Mortise.Conformance.Xunit;

namespace Mortise.Partitioning.Tests;

/// <summary>The laws that every partition scheme has to obey, on these with their default options.</summary>
public sealed class ConformanceTests : PluginConformance<PartitioningPlugin>;
