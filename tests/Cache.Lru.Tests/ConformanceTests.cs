using Mortise.Conformance.Xunit;

namespace Mortise.Cache.Lru.Tests;

/// <summary>The laws that every cache policy has to obey, on this one.</summary>
public sealed class ConformanceTests : PluginConformance<LruPlugin>;
