using Mortise.Conformance.Xunit;

namespace Mortise.Cache.S3Fifo.Tests;

/// <summary>The laws that every cache policy has to obey, on this one.</summary>
public sealed class ConformanceTests : PluginConformance<S3FifoPlugin>;
