using Mortise.Caching;

namespace Mortise.Cache.Lru.Tests;

public sealed class LruLawTests
{
    [Fact]
    public void The_weight_is_within_capacity_once_nothing_is_evicted()
    {
        var random = new Random(Seeds.Value);
        LruCachePolicy policy = Policy(1_000);
        for (int slot = 0; slot < 5_000; slot++)
        {
            policy.Insert(new CacheSlot(slot), 0, random.Next(0, 1_200));
            Drain(policy);
            Assert.InRange(policy.WeightBytes, 0, policy.CapacityBytes);
        }
    }

    [Fact]
    public void A_victim_is_named_once_and_may_come_back()
    {
        LruCachePolicy policy = Policy(2);
        Insert(policy, 0, 1, 2);
        Assert.Equal([0], Drain(policy));
        Insert(policy, 0);
        Assert.Equal([1], Drain(policy));
        Assert.Equal(2, policy.Count);
    }

    [Fact]
    public void A_resident_slot_is_not_inserted_twice_and_nothing_changes()
    {
        LruCachePolicy policy = Policy(10);
        Insert(policy, 3);
        Assert.Throws<ArgumentException>(() => policy.Insert(new CacheSlot(3), 0, 5));
        policy.SetPinned(new CacheSlot(3), pinned: true);
        Assert.Throws<ArgumentException>(() => policy.Insert(new CacheSlot(3), 0, 5));
        Assert.Equal((1, 1L), (policy.Count, policy.WeightBytes));
        policy.CheckInvariants();
    }

    [Fact]
    public void Negative_values_are_refused_and_nothing_changes()
    {
        LruCachePolicy policy = Policy(10);
        Assert.Throws<ArgumentOutOfRangeException>(() => policy.Insert(new CacheSlot(-1), 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => policy.Insert(new CacheSlot(0), 0, -1));
        Assert.Throws<ArgumentOutOfRangeException>(() => policy.Insert(new CacheSlot(int.MaxValue), 0, 1));
        Assert.Throws<ArgumentOutOfRangeException>(() => policy.Resize(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => Policy(-1));
        Assert.Throws<ArgumentOutOfRangeException>(() => new LruCachePolicy(new LruOptions { MaxCount = -1 }, 1));
        Assert.Equal((0, 0L, 10L), (policy.Count, policy.WeightBytes, policy.CapacityBytes));
        policy.CheckInvariants();
    }

    [Fact]
    public void A_pinned_slot_is_never_a_victim()
    {
        LruCachePolicy policy = Policy(2);
        Insert(policy, 0, 1, 2, 3);
        policy.SetPinned(new CacheSlot(0), pinned: true);
        policy.SetPinned(new CacheSlot(2), pinned: true);
        Assert.Equal([1, 3], Drain(policy));
    }

    [Fact]
    public void When_everything_is_pinned_there_is_no_victim_and_no_loop()
    {
        LruCachePolicy policy = Policy(1);
        Insert(policy, 0, 1);
        policy.SetPinned(new CacheSlot(0), pinned: true);
        policy.SetPinned(new CacheSlot(1), pinned: true);
        Assert.Empty(Drain(policy));
        Assert.Equal(2, policy.WeightBytes);
        policy.SetPinned(new CacheSlot(0), pinned: false);
        Assert.Equal([0], Drain(policy));
    }

    [Fact]
    public void The_end_of_a_pin_counts_as_a_use_and_a_second_end_does_not()
    {
        LruCachePolicy policy = Policy(3);
        Insert(policy, 0, 1, 2);
        policy.SetPinned(new CacheSlot(0), pinned: true);
        policy.SetPinned(new CacheSlot(0), pinned: false);
        policy.SetPinned(new CacheSlot(1), pinned: false);
        policy.Resize(0);
        Assert.Equal([1, 2, 0], Drain(policy));
    }

    [Fact]
    public void Calls_about_slots_that_are_not_resident_are_ignored()
    {
        LruCachePolicy policy = Policy(10);
        Insert(policy, 5);
        foreach (int slot in (int[])[-1, int.MinValue, 0, 4, 6, 63, 64, 1_000_000, int.MaxValue])
        {
            policy.Touch([new CacheSlot(slot)]);
            policy.Remove(new CacheSlot(slot));
            policy.SetPinned(new CacheSlot(slot), pinned: true);
            policy.SetPinned(new CacheSlot(slot), pinned: false);
        }

        policy.Remove(new CacheSlot(5));
        policy.Touch([new CacheSlot(5)]);
        policy.Remove(new CacheSlot(5));
        Assert.Equal((0, 0L), (policy.Count, policy.WeightBytes));
        policy.CheckInvariants();
    }

    [Fact]
    public void An_item_above_the_capacity_is_the_next_victim_and_takes_nobody_with_it()
    {
        LruCachePolicy policy = Policy(10);
        Insert(policy, 0, 1, 2);
        policy.Insert(new CacheSlot(9), 0, 11);
        policy.Touch([new CacheSlot(9)]);
        policy.SetPinned(new CacheSlot(9), pinned: true);
        policy.SetPinned(new CacheSlot(9), pinned: false);
        Assert.Equal([9], Drain(policy));
        Assert.Equal(3, policy.Count);
    }

    [Fact]
    public void Weights_of_zero_and_of_the_whole_capacity_fit()
    {
        LruCachePolicy policy = Policy(10);
        policy.Insert(new CacheSlot(0), 0, 0);
        policy.Insert(new CacheSlot(1), 0, 10);
        policy.Insert(new CacheSlot(2), 0, 0);
        Assert.Empty(Drain(policy));
        Assert.Equal((3, 10L), (policy.Count, policy.WeightBytes));
    }

    [Fact]
    public void The_sum_of_the_largest_weights_does_not_overflow()
    {
        LruCachePolicy policy = Policy(long.MaxValue);
        for (int slot = 0; slot < 1_000; slot++)
        {
            policy.Insert(new CacheSlot(slot), 0, int.MaxValue);
        }

        Assert.Equal(1_000L * int.MaxValue, policy.WeightBytes);
        Assert.Empty(Drain(policy));
    }

    [Fact]
    public void A_smaller_capacity_evicts_to_fit_a_larger_one_evicts_nobody_and_none_empties()
    {
        LruCachePolicy policy = Policy(5);
        Insert(policy, 0, 1, 2, 3, 4);
        policy.Resize(3);
        Assert.Equal([0, 1], Drain(policy));
        policy.Resize(100);
        Assert.Empty(Drain(policy));
        policy.Resize(0);
        Assert.Equal([2, 3, 4], Drain(policy));
        Assert.Equal((0, 0L), (policy.Count, policy.WeightBytes));
    }

    [Fact]
    public void A_removal_frees_the_weight_exactly_once_pinned_or_not()
    {
        LruCachePolicy policy = Policy(100);
        policy.Insert(new CacheSlot(0), 0, 7);
        policy.Insert(new CacheSlot(1), 0, 11);
        policy.SetPinned(new CacheSlot(1), pinned: true);
        policy.Remove(new CacheSlot(0));
        policy.Remove(new CacheSlot(0));
        Assert.Equal(11, policy.WeightBytes);
        policy.Remove(new CacheSlot(1));
        policy.Remove(new CacheSlot(1));
        Assert.Equal(0, policy.WeightBytes);
        policy.CheckInvariants();
    }

    [Fact]
    public void Equal_calls_name_equal_victims()
    {
        int[] Victims()
        {
            var random = new Random(Seeds.Value);
            LruCachePolicy policy = Policy(500);
            var victims = new List<int>();
            var resident = new HashSet<int>();
            for (int i = 0; i < 20_000; i++)
            {
                int slot = random.Next(200);
                if (resident.Add(slot))
                {
                    policy.Insert(new CacheSlot(slot), (ulong)slot, random.Next(30));
                }

                policy.Touch([new CacheSlot(random.Next(200))]);
                foreach (int victim in Drain(policy))
                {
                    resident.Remove(victim);
                    victims.Add(victim);
                }
            }

            return [.. victims];
        }

        Assert.Equal(Victims(), Victims());
    }

    [Fact]
    public void The_count_is_bounded_beside_the_bytes_when_the_options_say_so()
    {
        var policy = new LruCachePolicy(new LruOptions { MaxCount = 2 }, 1_000);
        Insert(policy, 0, 1, 2, 3);
        Assert.Equal([0, 1], Drain(policy));
        Assert.Single(new LruOptions { MaxCount = -1 }.Validate());
        Assert.Empty(new LruOptions().Validate());
    }

    [Fact]
    public void Nothing_is_allocated_once_the_slots_have_stopped_growing()
    {
        const int Slots = 10_000;
        LruCachePolicy policy = Policy(Slots / 2);
        var touched = new CacheSlot[64];
        Churn(policy, touched, Slots);
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int round = 0; round < 20 * Seeds.Soak; round++)
        {
            Churn(policy, touched, Slots);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        policy.CheckInvariants();
    }

    private static void Churn(LruCachePolicy policy, CacheSlot[] touched, int slots)
    {
        for (int slot = 0; slot < slots; slot++)
        {
            policy.Remove(new CacheSlot(slot));
            policy.Insert(new CacheSlot(slot), (ulong)slot, 1);
            touched[slot % touched.Length] = new CacheSlot(slot * 7 % slots);
            policy.Touch(touched);
            policy.SetPinned(new CacheSlot(slot), pinned: true);
            policy.SetPinned(new CacheSlot(slot), pinned: false);
            while (policy.TryEvict(out _))
            {
            }
        }
    }

    private static LruCachePolicy Policy(long capacity) => new(new LruOptions(), capacity);

    private static void Insert(LruCachePolicy policy, params int[] slots)
    {
        foreach (int slot in slots)
        {
            policy.Insert(new CacheSlot(slot), (ulong)slot, 1);
        }
    }

    private static List<int> Drain(LruCachePolicy policy)
    {
        var victims = new List<int>();
        while (policy.TryEvict(out CacheSlot victim))
        {
            victims.Add(victim.Index);
        }

        policy.CheckInvariants();
        return victims;
    }
}
