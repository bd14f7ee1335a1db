using Mortise.Caching;

namespace Mortise.Cache.Lru.Tests;

/// <summary>What the policy promises, written as plainly as possible: a list, most recently used first.</summary>
internal sealed class LruOracle(int maxCount, long capacityBytes)
{
    private readonly List<Item> _items = [];

    public long CapacityBytes { get; set; } = capacityBytes;

    public long WeightBytes => _items.Sum(item => (long)item.Weight);

    public int Count => _items.Count;

    public IEnumerable<int> Resident => _items.Select(item => item.Slot);

    public bool Contains(int slot) => _items.Any(item => item.Slot == slot);

    public void Insert(int slot, int weight) => Place(new Item(slot, weight, Pinned: false));

    public void Touch(int slot)
    {
        Item? item = Find(slot);
        if (item is { Pinned: false } && item.Weight <= CapacityBytes)
        {
            _items.Remove(item);
            _items.Insert(0, item);
        }
    }

    public void Remove(int slot) => _items.RemoveAll(item => item.Slot == slot);

    public void SetPinned(int slot, bool pinned)
    {
        Item? item = Find(slot);
        if (item is not null && item.Pinned != pinned)
        {
            _items.Remove(item);
            Place(item with { Pinned = pinned });
        }
    }

    public CacheSlot? Evict()
    {
        Item? victim = _items.LastOrDefault(item => !item.Pinned);
        if (victim is null || (WeightBytes <= CapacityBytes && Count <= maxCount))
        {
            return null;
        }

        _items.Remove(victim);
        return new CacheSlot(victim.Slot);
    }

    private void Place(Item item)
    {
        if (item.Weight <= CapacityBytes)
        {
            _items.Insert(0, item);
        }
        else
        {
            _items.Add(item);
        }
    }

    private Item? Find(int slot) => _items.Find(item => item.Slot == slot);

    private sealed record Item(int Slot, int Weight, bool Pinned);
}
