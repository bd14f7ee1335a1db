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
    private const int Pinned = 1;
    private const int TooLarge = 2;

    private readonly SlotLists _slots = new(3);
    private readonly int _maxCount;

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or the count bound is negative.</exception>
    public ClockCachePolicy(ClockOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxCount, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _maxCount = options.MaxCount == 0 ? int.MaxValue : options.MaxCount;
        CapacityBytes = capacityBytes;
    }

    /// <inheritdoc/>
    public string Name => "clock";

    /// <inheritdoc/>
    public long CapacityBytes { get; private set; }

    /// <inheritdoc/>
    public long WeightBytes => _slots.Weight(Circle) + _slots.Weight(Pinned) + _slots.Weight(TooLarge);

    /// <inheritdoc/>
    public int Count => _slots.Count(Circle) + _slots.Count(Pinned) + _slots.Count(TooLarge);

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot.Index, Array.MaxLength - 3, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (_slots.ListOf(slot.Index) != SlotLists.Nowhere)
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        _slots.Add(slot.Index, weightBytes, weightBytes <= CapacityBytes ? Circle : TooLarge, isFront: true);
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if (_slots.ListOf(slot.Index) == Circle)
            {
                _slots.Mark(slot.Index) = 1;
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        if (_slots.ListOf(slot.Index) != SlotLists.Nowhere)
        {
            _slots.Remove(slot.Index);
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        int list = _slots.ListOf(slot.Index);
        if (list != SlotLists.Nowhere && (list == Pinned) != pinned)
        {
            bool isTooLarge = _slots.WeightOf(slot.Index) > CapacityBytes;
            _slots.Move(slot.Index, pinned ? Pinned : isTooLarge ? TooLarge : Circle, isFront: true);
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (WeightBytes <= CapacityBytes && Count <= _maxCount)
        {
            return false;
        }

        int slot = _slots.Back(TooLarge);
        if (slot < 0 && (slot = NextUnused()) < 0)
        {
            return false;
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>Turns the hand. Each step that finds no victim uses up a touch, so it costs O(1) amortised.</summary>
    private int NextUnused()
    {
        int slot;
        while ((slot = _slots.Back(Circle)) >= 0 && _slots.Mark(slot) != 0)
        {
            _slots.Mark(slot) = 0;
            _slots.Move(slot, Circle, isFront: true);
        }

        return slot;
    }
}
