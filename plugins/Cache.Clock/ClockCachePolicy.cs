using Mortise.Caching;
using Mortise.Primitives;

namespace Mortise.Cache.Clock;

/// <summary>Evicts what was not used since the hand last passed it.</summary>
/// <remarks>
/// <para>Source: Corbató, "A Paging Experiment with the Multics System", MIT Project MAC, 1968.</para>
/// <para>Role: nearly the decisions of LRU for less: a touch sets a bit and moves nothing. The resident, unpinned slots
/// form a circle; the hand takes the next one, and one that was touched loses its bit and goes round once more. An item
/// larger than the whole capacity is the next victim itself. A slot whose pin ends counts as used at that moment.</para>
/// <para>Threads: one call at a time, as the contract says. Nothing here is random.</para>
/// <para>Left out: scan resistance, as with LRU.</para>
/// </remarks>
public sealed class ClockCachePolicy : ICachePolicy
{
    private const int Circle = 0;

    private readonly ResidentSlots _slots;

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or the count bound is negative.</exception>
    public ClockCachePolicy(ClockOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        _slots = new ResidentSlots(1, options.MaxCount, capacityBytes);
    }

    /// <inheritdoc/>
    public string Name => "clock";

    /// <inheritdoc/>
    public long CapacityBytes => _slots.CapacityBytes;

    /// <inheritdoc/>
    public long WeightBytes => _slots.WeightBytes;

    /// <inheritdoc/>
    public int Count => _slots.Count;

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        _slots.RequireAbsent(slot.Index, weightBytes);
        _slots.Enter(slot.Index, weightBytes, Circle);
    }

    /// <inheritdoc/>
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

    /// <inheritdoc/>
    public void Remove(CacheSlot slot) => _slots.Remove(slot.Index);

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned) => _slots.SetPinned(slot.Index, pinned, Circle);

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (!_slots.IsOver)
        {
            return false;
        }

        int slot = _slots.NextTooLarge();
        if (slot < 0 && (slot = NextUnused()) < 0)
        {
            return false;
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes) => _slots.Resize(capacityBytes);

    /// <summary>Turns the hand. Each step that finds no victim uses up a touch, so it costs O(1) amortised.</summary>
    private int NextUnused()
    {
        int slot;
        while ((slot = _slots.Back(Circle)) >= 0 && _slots.Mark(slot) != 0)
        {
            _slots.Mark(slot) = 0;
            _slots.MoveToFront(slot, Circle);
        }

        return slot;
    }
}
