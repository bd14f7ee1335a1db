using Mortise.Caching;
using Mortise.Host.Memory;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Reference;

/// <summary>H14, H35: whatever is exchanged or fails under a cache, it stays the cache that it was.</summary>
public sealed class ExchangeablePolicyTests
{
    private const int Slots = 200;

    private static readonly CachePolicySubject s_subject = new()
    {
        Name = "exchangeable",
        Create = static (capacity, _) => new ExchangeablePolicy(
            capacity, static c => new FifoCachePolicy(c), restarts: true, static e => Assert.Fail(e.Message)),
    };

    public static IEnumerable<object[]> Laws() => CacheLaws.Suite.Ids();

    [Theory]
    [MemberData(nameof(Laws))]
    public void It_obeys_where_the_policy_inside_does(string law) => CacheLaws.Suite.Check(law, s_subject).ThrowIfBroken();

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public void What_is_resident_stays_so_through_exchanges_and_faults(int seed)
    {
        var random = new Random(seed);
        var told = new List<Exception>();
        var faults = new Faults();
        var policy = new ExchangeablePolicy(
            4_000, capacity => new Failing(capacity, faults), restarts: true, told.Add);
        var weights = new Dictionary<int, int>();
        var pinned = new HashSet<int>();
        int evicted = 0;
        for (int i = 0; i < 20_000; i++)
        {
            int slot = random.Next(Slots);
            switch (random.Next(100))
            {
                case < 50 when !weights.ContainsKey(slot):
                    int weight = random.Next(1, 120);
                    policy.Insert(new CacheSlot(slot), (ulong)slot, weight);
                    weights.Add(slot, weight);
                    break;
                case < 70:
                    policy.Touch([new CacheSlot(slot), new CacheSlot(random.Next(Slots))]);
                    break;
                case < 80:
                    policy.Remove(new CacheSlot(slot));
                    weights.Remove(slot);
                    pinned.Remove(slot);
                    break;
                case < 90 when weights.ContainsKey(slot):
                    bool isPinned = random.Next(4) == 0;
                    policy.SetPinned(new CacheSlot(slot), isPinned);
                    _ = isPinned ? pinned.Add(slot) : pinned.Remove(slot);
                    break;
                case 98:
                    _ = Record.Exception(() => policy.Exchange(capacity => new Failing(capacity, faults)));
                    break;
                case 99:
                    policy.Resize(random.Next(8_000));
                    break;
                default:
                    break;
            }

            // Three times, and never again: more is not mended.
            faults.Next = told.Count < ExchangeablePolicy.MaxRestarts && random.Next(2_000) == 0;
            while (policy.TryEvict(out CacheSlot victim))
            {
                Assert.True(weights.Remove(victim.Index), $"slot {victim.Index} was not resident (seed {seed}, step {i})");
                Assert.DoesNotContain(victim.Index, pinned);
                evicted++;
            }

            Assert.Equal(weights.Count, policy.Count);
            Assert.Equal(weights.Values.Sum(static w => (long)w), policy.WeightBytes);
            Assert.True(policy.WeightBytes <= policy.CapacityBytes || weights.Keys.All(pinned.Contains));
        }

        Assert.True(evicted > 100);
        Assert.NotEmpty(told);
    }

    [Fact]
    public void One_that_fails_too_often_fails_its_cache()
    {
        var faults = new Faults();
        var policy = new ExchangeablePolicy(
            100, capacity => new Failing(capacity, faults), restarts: true, static _ => { });
        for (int i = 0; i < ExchangeablePolicy.MaxRestarts; i++)
        {
            faults.Next = true;
            policy.Resize(100 + i);
        }

        faults.Next = true;
        Assert.Throws<FormatException>(() => policy.Resize(1));
    }

    [Fact]
    public void What_the_cache_does_wrong_is_no_fault_of_the_policy()
    {
        var policy = new ExchangeablePolicy(
            100, static capacity => new LruOrder(capacity), restarts: true, static e => Assert.Fail(e.Message));
        policy.Insert(new CacheSlot(1), 1, 1);
        Assert.Throws<ArgumentException>(() => policy.Insert(new CacheSlot(1), 1, 1));
        Assert.Equal(1, policy.Count);
    }

    [Fact]
    public void Code_that_cannot_be_told_what_is_resident_is_taken_by_no_cache()
    {
        var faults = new Faults();
        var policies = new ExchangeablePolicies(
            static capacity => new LruOrder(capacity), restarts: false, static e => Assert.Fail(e.Message));
        ICachePolicy[] caches = [policies.Create(100), policies.Create(100), policies.Create(100)];
        foreach (ICachePolicy cache in caches)
        {
            cache.Insert(new CacheSlot(3), 1, 7);
        }

        // The trial and the first cache go well.
        int made = 0;
        Assert.Throws<FormatException>(() => policies.Exchange(capacity =>
        {
            faults.Next = ++made == 3;
            return new Failing(capacity, faults);
        }));
        Assert.All(caches, static cache => Assert.Equal(("lru-order", 7L), (cache.Name, cache.WeightBytes)));
        Assert.Equal("lru-order", policies.Create(1).Name);
        policies.Exchange(capacity => new Failing(capacity, faults));
        Assert.All(caches, static cache => Assert.Equal(("failing", 7L), (cache.Name, cache.WeightBytes)));
    }

    private sealed class Faults
    {
        public bool Next { get; set; }
    }

    private sealed class Failing(long capacity, Faults faults) : ICachePolicy
    {
        private readonly LruOrder _inner = new(capacity);

        public string Name => "failing";

        public long CapacityBytes => _inner.CapacityBytes;

        public long WeightBytes => _inner.WeightBytes;

        public int Count => _inner.Count;

        public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            Fail();
            _inner.Insert(slot, keyHash, weightBytes);
        }

        public void Touch(ReadOnlySpan<CacheSlot> slots)
        {
            Fail();
            _inner.Touch(slots);
        }

        public void Remove(CacheSlot slot)
        {
            Fail();
            _inner.Remove(slot);
        }

        public void SetPinned(CacheSlot slot, bool pinned)
        {
            Fail();
            _inner.SetPinned(slot, pinned);
        }

        public bool TryEvict(out CacheSlot victim)
        {
            Fail();
            return _inner.TryEvict(out victim);
        }

        public void Resize(long capacityBytes)
        {
            Fail();
            _inner.Resize(capacityBytes);
        }

        private void Fail()
        {
            if (faults.Next)
            {
                faults.Next = false;
                throw new FormatException("fails once");
            }
        }
    }
}
