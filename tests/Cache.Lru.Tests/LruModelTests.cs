using Mortise.Caching;

namespace Mortise.Cache.Lru.Tests;

public sealed class LruModelTests
{
    [Theory]
    [InlineData(0, 1_000, 40)]
    [InlineData(0, 50, 200)]
    [InlineData(8, 1_000, 40)]
    [InlineData(1, 1_000, 40)]
    [InlineData(0, 0, 40)]
    public void It_agrees_with_a_plain_list_after_every_call(int maxCount, long capacity, int slots)
    {
        var random = new Random(Seeds.Value);
        var policy = new LruCachePolicy(new LruOptions { MaxCount = maxCount }, capacity);
        var oracle = new LruOracle(maxCount == 0 ? int.MaxValue : maxCount, capacity);
        int operations = 20_000 * Seeds.Soak;
        for (int i = 0; i < operations; i++)
        {
            string state = $"operation {i}, seed {Seeds.Value}";
            Step(random, policy, oracle, slots, capacity);
            Assert.True(policy.Count == oracle.Count, state);
            Assert.True(policy.WeightBytes == oracle.WeightBytes, state);
            Assert.True(policy.CapacityBytes == oracle.CapacityBytes, state);
            policy.CheckInvariants();
        }

        // What is left leaves in the oracle's order, too.
        foreach (int slot in oracle.Resident.ToArray())
        {
            policy.SetPinned(new CacheSlot(slot), pinned: false);
            oracle.SetPinned(slot, pinned: false);
        }

        policy.Resize(0);
        oracle.CapacityBytes = 0;
        EvictAll(policy, oracle);
    }

    private static void Step(Random random, LruCachePolicy policy, LruOracle oracle, int slots, long capacity)
    {
        int slot = random.Next(slots);
        switch (random.Next(10))
        {
            case <= 4 when !oracle.Contains(slot):
                int weight = random.Next(20) == 0 ? (int)oracle.CapacityBytes + random.Next(-1, 2) : random.Next(0, 60);
                weight = Math.Max(0, weight);
                policy.Insert(new CacheSlot(slot), (ulong)random.NextInt64(), weight);
                oracle.Insert(slot, weight);
                if (random.Next(4) > 0)
                {
                    EvictAll(policy, oracle);
                }

                break;
            case <= 7:
                CacheSlot[] touched =
                    [.. Enumerable.Range(0, random.Next(5)).Select(_ => new CacheSlot(random.Next(slots)))];
                policy.Touch(touched);
                Array.ForEach(touched, one => oracle.Touch(one.Index));
                break;
            case 8 when random.Next(2) == 0:
                policy.Remove(new CacheSlot(slot));
                oracle.Remove(slot);
                break;
            case 8:
                bool pinned = random.Next(3) == 0;
                policy.SetPinned(new CacheSlot(slot), pinned);
                oracle.SetPinned(slot, pinned);
                break;
            default:
                long resized = random.Next(4) > 0 ? capacity : random.NextInt64(0, 2 * capacity + 1);
                policy.Resize(resized);
                oracle.CapacityBytes = resized;
                EvictAll(policy, oracle);
                break;
        }
    }

    private static void EvictAll(LruCachePolicy policy, LruOracle oracle)
    {
        while (oracle.Evict() is { } expected)
        {
            Assert.True(policy.TryEvict(out CacheSlot victim), $"no victim, expected {expected}; seed {Seeds.Value}");
            Assert.Equal(expected, victim);
        }

        Assert.False(policy.TryEvict(out _), $"a victim too many; seed {Seeds.Value}");
    }
}
