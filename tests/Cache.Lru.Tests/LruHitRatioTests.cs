using Mortise.Caching;

namespace Mortise.Cache.Lru.Tests;

/// <summary>Hit ratios on seeded traces: at least what LRU is known for, never above Belady's optimum.</summary>
public sealed class LruHitRatioTests
{
    private const int Items = 2_000;
    private const int Capacity = 200;
    private const int Length = 50_000;

    [Fact]
    public void On_a_Zipf_trace_it_hits_at_least_half_and_no_more_than_the_optimum()
    {
        int[] trace = Zipf();
        double ratio = Replay(trace);
        Assert.InRange(ratio, 0.5, Belady(trace));
    }

    [Fact]
    public void A_loop_longer_than_the_cache_never_hits_which_is_its_known_weakness()
    {
        int[] trace = [.. Enumerable.Range(0, Length).Select(i => i % (Capacity + 1))];
        Assert.Equal(0.0, Replay(trace));
        Assert.True(Belady(trace) > 0.9);
    }

    [Fact]
    public void A_working_set_that_fits_hits_after_its_first_round()
    {
        int[] trace = [.. Enumerable.Range(0, Length).Select(i => i % Capacity)];
        Assert.Equal((Length - Capacity) / (double)Length, Replay(trace));
        Assert.Equal(Belady(trace), Replay(trace));
    }

    [Fact]
    public void A_scan_flushes_the_hot_set()
    {
        // The law "scan-resistant policies keep most of a hot set" is not promised here; this is what LRU does instead.
        var policy = new LruCachePolicy(new LruOptions(), Capacity);
        for (int slot = 0; slot < 10 * Capacity; slot++)
        {
            policy.Insert(new CacheSlot(slot), 0, 1);
            while (policy.TryEvict(out CacheSlot victim))
            {
                Assert.Equal(slot - Capacity, victim.Index);
            }
        }
    }

    private static int[] Zipf()
    {
        var random = new Random(Seeds.Value);
        double[] cumulative = new double[Items];
        double sum = 0;
        for (int i = 0; i < Items; i++)
        {
            cumulative[i] = sum += 1.0 / (i + 1);
        }

        return
        [
            .. Enumerable.Range(0, Length).Select(_ =>
            {
                int at = Array.BinarySearch(cumulative, random.NextDouble() * sum);
                return Math.Min(at < 0 ? ~at : at, Items - 1);
            }),
        ];
    }

    // The identity of an item is its slot: enough for a policy without a memory of evicted items.
    private static double Replay(int[] trace)
    {
        var policy = new LruCachePolicy(new LruOptions(), Capacity);
        var resident = new HashSet<int>();
        int hits = 0;
        foreach (int item in trace)
        {
            if (resident.Add(item))
            {
                policy.Insert(new CacheSlot(item), (ulong)item, 1);
            }
            else
            {
                hits++;
                policy.Touch([new CacheSlot(item)]);
            }

            while (policy.TryEvict(out CacheSlot victim))
            {
                Assert.True(resident.Remove(victim.Index));
            }
        }

        return hits / (double)trace.Length;
    }

    // Belady, "A study of replacement algorithms", IBM Systems Journal 5(2), 1966: drop what is needed last.
    private static double Belady(int[] trace)
    {
        int[] nextUse = new int[trace.Length];
        var upcoming = new Dictionary<int, int>();
        for (int i = trace.Length - 1; i >= 0; i--)
        {
            nextUse[i] = upcoming.TryGetValue(trace[i], out int next) ? next : int.MaxValue - trace[i];
            upcoming[trace[i]] = i;
        }

        var resident = new Dictionary<int, int>();
        var byNextUse = new SortedSet<(int Due, int Item)>();
        int hits = 0;
        for (int i = 0; i < trace.Length; i++)
        {
            if (resident.Remove(trace[i], out int due))
            {
                hits++;
                byNextUse.Remove((due, trace[i]));
            }
            else if (resident.Count == Capacity)
            {
                (int last, int item) = byNextUse.Max;
                if (last < nextUse[i])
                {
                    continue;
                }

                byNextUse.Remove((last, item));
                resident.Remove(item);
            }

            resident.Add(trace[i], nextUse[i]);
            byNextUse.Add((nextUse[i], trace[i]));
        }

        return hits / (double)trace.Length;
    }
}
