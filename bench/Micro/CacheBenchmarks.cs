using BenchmarkDotNet.Attributes;
using Mortise.Cache.Lru;
using Mortise.Caching;

namespace Mortise.Bench.Micro;

/// <summary>What a hit costs a cache policy, in the batches in which hits arrive.</summary>
[MemoryDiagnoser]
public class CacheBenchmarks
{
    private const int Slots = 10_000;
    private const int Batch = 64;

    private readonly CacheSlot[] _hits = new CacheSlot[Batch];
    private ICachePolicy _policy = null!;

    [GlobalSetup]
    public void Setup()
    {
        _policy = new LruCachePolicy(new LruOptions(), Slots * 4096L);
        var random = new Random(1);
        for (int i = 0; i < Slots; i++)
        {
            _policy.Insert(new CacheSlot(i), (ulong)i, 4096);
        }

        for (int i = 0; i < Batch; i++)
        {
            _hits[i] = new CacheSlot(random.Next(Slots));
        }
    }

    [Benchmark(OperationsPerInvoke = Batch, Description = "LRU, a hit")]
    public void Hit() => _policy.Touch(_hits);
}
