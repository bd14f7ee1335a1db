using Mortise.Caching;
using Mortise.Primitives;

namespace Mortise.BTreeIndex;

/// <summary>The policy of an instance that is given none: second chance by a clock hand.</summary>
/// <remarks>Source: Corbató, "A Paging Experiment with the Multics System", MIT, 1968.</remarks>
internal sealed class ClockPolicy(long capacityBytes) : ICachePolicy
{
    private const int Circle = 0;

    private readonly ResidentSlots _slots = new(1, 0, capacityBytes);

    public string Name => "clock";

    public long CapacityBytes => _slots.CapacityBytes;

    public long WeightBytes => _slots.WeightBytes;

    public int Count => _slots.Count;

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        _slots.RequireAbsent(slot.Index, weightBytes);
        _slots.Enter(slot.Index, weightBytes, Circle);
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if (_slots.IsIn(slot.Index, Circle))
            {
                _slots.Mark(slot.Index) = 1;
            }
        }
    }

    public void Remove(CacheSlot slot) => _slots.Remove(slot.Index);

    public void SetPinned(CacheSlot slot, bool pinned) => _slots.SetPinned(slot.Index, pinned, Circle);

    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        int slot = _slots.IsOver ? Next() : -1;
        if (slot < 0)
        {
            return false;
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    public void Resize(long capacityBytes) => _slots.Resize(capacityBytes);

    private int Next()
    {
        int slot = _slots.NextTooLarge();
        while (slot < 0 && (slot = _slots.Back(Circle)) >= 0 && _slots.Mark(slot) != 0)
        {
            _slots.Mark(slot) = 0;
            _slots.MoveToFront(slot, Circle);
            slot = -1;
        }

        return slot;
    }
}
