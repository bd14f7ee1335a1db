using Mortise.Caching;

namespace Mortise.BTreeIndex;

/// <summary>The policy of an instance that is given none: second chance by a clock hand.</summary>
/// <remarks>Source: Corbató, "A Paging Experiment with the Multics System", MIT, 1968.</remarks>
internal sealed class ClockPolicy(long capacityBytes) : ICachePolicy
{
    private Item[] _items = [];
    private int _hand;
    private int _pinned;

    public string Name => "clock";

    public long CapacityBytes { get; private set; } = capacityBytes;

    public long WeightBytes { get; private set; }

    public int Count { get; private set; }

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index);
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (slot.Index >= _items.Length)
        {
            Array.Resize(ref _items, Math.Max(slot.Index + 1, 2 * _items.Length));
        }

        if (_items[slot.Index].IsResident)
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        _items[slot.Index] = new Item { IsResident = true, WeightBytes = weightBytes };
        WeightBytes += weightBytes;
        Count++;
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if ((uint)slot.Index < (uint)_items.Length)
            {
                _items[slot.Index].IsTouched = true;
            }
        }
    }

    public void Remove(CacheSlot slot)
    {
        if ((uint)slot.Index < (uint)_items.Length && _items[slot.Index].IsResident)
        {
            WeightBytes -= _items[slot.Index].WeightBytes;
            _pinned -= _items[slot.Index].IsPinned ? 1 : 0;
            _items[slot.Index] = default;
            Count--;
        }
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if ((uint)slot.Index < (uint)_items.Length && _items[slot.Index].IsResident
            && _items[slot.Index].IsPinned != pinned)
        {
            _items[slot.Index].IsPinned = pinned;
            _pinned += pinned ? 1 : -1;
        }
    }

    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (WeightBytes <= CapacityBytes || _pinned == Count)
        {
            return false;
        }

        while (true)
        {
            _hand = _hand + 1 < _items.Length ? _hand + 1 : 0;
            ref Item item = ref _items[_hand];
            if (item.IsResident && !item.IsPinned)
            {
                if (!item.IsTouched)
                {
                    victim = new CacheSlot(_hand);
                    Remove(victim);
                    return true;
                }

                item.IsTouched = false;
            }
        }
    }

    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    private struct Item
    {
        public bool IsResident;
        public bool IsTouched;
        public bool IsPinned;
        public int WeightBytes;
    }
}
