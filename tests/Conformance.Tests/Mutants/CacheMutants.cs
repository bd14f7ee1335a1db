using Mortise.Caching;
using Mortise.Reference;

namespace Mortise.Conformance.Tests.Mutants;

internal static class CacheMutants
{
    public static IEnumerable<Mutant> All()
    {
        yield return Of("CP1", "keeps twice its capacity", inner => new Broken(inner) { Evicts = p => p.WeightBytes > 2 * p.CapacityBytes });
        yield return Of("CP2", "names a victim and keeps it", inner => new NamesAndKeeps(inner));
        yield return Of("CP3", "takes a slot that is resident", inner => new TakesTwice(inner));
        yield return Of("CP4", "evicts a pinned slot when all is pinned", inner => new IgnoresPins(inner));
        yield return Of("CP5", "does not count items of no weight", inner => new Broken(inner) { Counts = p => p.Count == 0 ? 0 : p.Count - 1 });
        yield return Of("CP6", "pins slots before they come", inner => new PinsStrangers(inner));
        yield return Of("CP7", "chooses victims by chance", inner => new Broken(inner) { Evicts = p => Random.Shared.Next(2) == 0 || p.Count < 2 });
        yield return Of("CP8", "an item that is too large drives everybody out first", inner => new LargeFirst(inner));
        yield return Of("CP9", "a smaller capacity counts from the next insertion on", inner => new ResizesLate(inner));
        yield return Of("CP10", "subtracts the weight again when an evicted slot is removed", inner => new SubtractsTwice(inner));
        yield return Of("CP11", "allocates at every touch", inner => new Allocates(inner));
        yield return Mutant.Of("CP12", "says LRU and is FIFO", new CachePolicySubject
        {
            Name = "lru",
            Create = (capacity, _) => new FifoCachePolicy(capacity),
            Reference = capacity => new LruOrder(capacity),
        });
        yield return Of("CP15", "keeps some weight of what was removed", inner => new KeepsWeight(inner));
    }

    private static Mutant Of(string law, string broken, Func<ICachePolicy, ICachePolicy> wrap) =>
        Mutant.Of(
            law, broken, new CachePolicySubject { Name = broken, Create = (capacity, _) => wrap(new LruOrder(capacity)) });

    private class Broken(ICachePolicy inner) : ICachePolicy
    {
        public Func<ICachePolicy, bool> Evicts { get; init; } = _ => true;

        public Func<ICachePolicy, int> Counts { get; init; } = policy => policy.Count;

        protected ICachePolicy Inner { get; } = inner;

        public string Name => Inner.Name;

        public long CapacityBytes => Inner.CapacityBytes;

        public virtual long WeightBytes => Inner.WeightBytes;

        public int Count => Counts(Inner);

        public virtual void Insert(CacheSlot slot, ulong keyHash, int weightBytes) => Inner.Insert(slot, keyHash, weightBytes);

        public virtual void Touch(ReadOnlySpan<CacheSlot> slots) => Inner.Touch(slots);

        public virtual void Remove(CacheSlot slot) => Inner.Remove(slot);

        public virtual void SetPinned(CacheSlot slot, bool pinned) => Inner.SetPinned(slot, pinned);

        public virtual bool TryEvict(out CacheSlot victim)
        {
            victim = default;
            return Evicts(Inner) && Inner.TryEvict(out victim);
        }

        public virtual void Resize(long capacityBytes) => Inner.Resize(capacityBytes);
    }

    private sealed class NamesAndKeeps(ICachePolicy inner) : Broken(inner)
    {
        public override bool TryEvict(out CacheSlot victim)
        {
            bool evicted = Inner.TryEvict(out victim);
            if (evicted)
            {
                Inner.Insert(victim, 0, 0);
            }

            return evicted;
        }
    }

    private sealed class TakesTwice(ICachePolicy inner) : Broken(inner)
    {
        public override void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            Inner.Remove(slot);
            Inner.Insert(slot, keyHash, weightBytes);
        }
    }

    private sealed class IgnoresPins(ICachePolicy inner) : Broken(inner)
    {
        public override void SetPinned(CacheSlot slot, bool pinned)
        {
            // Pins are for others.
        }
    }

    private sealed class PinsStrangers(ICachePolicy inner) : Broken(inner)
    {
        private readonly HashSet<CacheSlot> _waiting = [];

        public override void SetPinned(CacheSlot slot, bool pinned)
        {
            _waiting.Add(slot);
            Inner.SetPinned(slot, pinned);
        }

        public override void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            Inner.Insert(slot, keyHash, weightBytes);
            if (_waiting.Contains(slot))
            {
                Inner.SetPinned(slot, pinned: true);
            }
        }

        public override bool TryEvict(out CacheSlot victim)
        {
            bool evicted = Inner.TryEvict(out victim);
            if (!evicted && WeightBytes > CapacityBytes && _waiting.Count > 0)
            {
                _waiting.Clear();
            }

            return evicted;
        }
    }

    private sealed class LargeFirst(ICachePolicy inner) : Broken(inner)
    {
        public override void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            long capacity = Inner.CapacityBytes;
            if (weightBytes > capacity)
            {
                // At the young end, as if it fitted.
                Inner.Resize(long.MaxValue);
                Inner.Insert(slot, keyHash, weightBytes);
                Inner.Resize(capacity);
                return;
            }

            Inner.Insert(slot, keyHash, weightBytes);
        }
    }

    private sealed class ResizesLate(ICachePolicy inner) : Broken(inner)
    {
        private bool _late;

        public override void Resize(long capacityBytes)
        {
            Inner.Resize(capacityBytes);
            _late = true;
        }

        public override void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            _late = false;
            Inner.Insert(slot, keyHash, weightBytes);
        }

        public override bool TryEvict(out CacheSlot victim)
        {
            victim = default;
            return !_late && Inner.TryEvict(out victim);
        }
    }

    private sealed class SubtractsTwice(ICachePolicy inner) : Broken(inner)
    {
        private readonly Dictionary<CacheSlot, int> _weights = [];
        private long _subtracted;

        public override long WeightBytes => Inner.WeightBytes - _subtracted;

        public override void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
        {
            Inner.Insert(slot, keyHash, weightBytes);
            _weights[slot] = weightBytes;
        }

        public override void Remove(CacheSlot slot)
        {
            long before = Inner.WeightBytes;
            Inner.Remove(slot);
            if (before == Inner.WeightBytes && _weights.Remove(slot, out int weight))
            {
                _subtracted += weight;
            }
        }
    }

    private sealed class Allocates(ICachePolicy inner) : Broken(inner)
    {
        public override void Touch(ReadOnlySpan<CacheSlot> slots) => Inner.Touch(slots.ToArray());
    }

    private sealed class KeepsWeight(ICachePolicy inner) : Broken(inner)
    {
        private long _kept;

        public override long WeightBytes => Inner.WeightBytes + _kept / 1000;

        public override void Remove(CacheSlot slot)
        {
            Inner.Remove(slot);
            _kept++;
        }
    }
}
