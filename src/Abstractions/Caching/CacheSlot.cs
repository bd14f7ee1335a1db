namespace Mortise.Caching;

/// <summary>The number of a resident item, chosen by the cache's owner: dense, from 0, reused after removal.</summary>
/// <param name="Index">0 and up.</param>
public readonly record struct CacheSlot(int Index);
