using Mortise.Cache.Clock;
using Mortise.Cache.Lru;
using Mortise.Caching;
using Mortise.Conformance;

namespace Mortise.Cache.S3Fifo.Tests;

/// <summary>Misses on seeded traces, beside LRU, CLOCK and Belady's optimum.</summary>
public sealed class HitRatioTests
{
    private const int Items = 20_000;
    private const int Length = 200_000;

    [Theory]
    [InlineData(200)]
    [InlineData(1_000)]
    [InlineData(4_000)]
    public void With_scans_it_misses_at_least_a_tenth_less_than_LRU(int capacity)
    {
        CacheTrace trace = CacheTrace.WithScans((ulong)Seeds.Value, Items, Length, scanLength: 3_000, scanShare: 0.3);
        long optimal = trace.OptimalMisses(capacity);
        long lru = trace.Misses(Lru(capacity));
        long s3Fifo = trace.Misses(S3Fifo(capacity));
        Assert.InRange(s3Fifo, optimal, 0.9 * lru);
    }

    [Theory]
    [InlineData(200)]
    [InlineData(1_000)]
    [InlineData(4_000)]
    public void Without_scans_it_is_no_worse_than_LRU_and_CLOCK(int capacity)
    {
        CacheTrace trace = CacheTrace.Zipf((ulong)Seeds.Value, Items, Length);
        long optimal = trace.OptimalMisses(capacity);
        long lru = trace.Misses(Lru(capacity));
        long clock = trace.Misses(new ClockCachePolicy(new ClockOptions(), capacity));
        Assert.InRange(clock, optimal, 1.02 * lru);
        Assert.InRange(trace.Misses(S3Fifo(capacity)), optimal, Math.Min(lru, clock));
    }

    [Fact]
    public void A_working_set_that_fits_misses_once_each()
    {
        int[] accesses = [.. Enumerable.Range(0, 50_000).Select(static i => i % 500)];
        Assert.Equal(500, new CacheTrace("loop", accesses).Misses(S3Fifo(500)));
    }

    [Fact]
    public void A_scan_leaves_what_is_used_where_it_is()
    {
        S3FifoCachePolicy policy = S3Fifo(100);
        for (int slot = 0; slot < 90; slot++)
        {
            policy.Insert(new CacheSlot(slot), (ulong)slot, 1);
            policy.Touch([new CacheSlot(slot)]);
        }

        for (int scanned = 0; scanned < 100_000; scanned++)
        {
            policy.Insert(new CacheSlot(100 + (scanned % 200)), (ulong)(1_000 + scanned), 1);
            while (policy.TryEvict(out CacheSlot victim))
            {
                Assert.InRange(victim.Index, 100, 300);
            }
        }
    }

    private static LruCachePolicy Lru(int capacity) => new(new LruOptions(), capacity);

    private static S3FifoCachePolicy S3Fifo(int capacity) => new(new S3FifoOptions(), capacity);
}
