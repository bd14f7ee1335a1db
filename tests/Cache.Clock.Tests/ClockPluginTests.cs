namespace Mortise.Cache.Clock.Tests;

public sealed class ClockPluginTests() : CachePluginTests<ClockPlugin>("clock", "Cache.Clock");
