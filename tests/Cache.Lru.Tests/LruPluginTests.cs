namespace Mortise.Cache.Lru.Tests;

public sealed class LruPluginTests() : CachePluginTests<LruPlugin>("lru", "Cache.Lru");
