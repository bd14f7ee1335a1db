using Mortise.Caching;
using Mortise.Primitives;

namespace Mortise.Cache.Lru;

/// <summary>Evicts what was used longest ago.</summary>
/// <remarks>
/// <para>Role: the textbook policy. The resident, unpinned slots form one doubly linked list, most recently used first;
/// a touch moves a slot to the front, the victim is taken from the back. The links live in an array indexed by slot, so
/// no item has a node object, and every member is a handful of loads and stores.</para>
/// <para>Pinned slots are not in the list. A victim is therefore found at once however many are pinned; a slot whose
/// pin ends counts as used at that moment.</para>
/// <para>An item larger than the whole capacity is the next to go, touched or not, and nobody else goes because of
/// it.</para>
/// <para>Threads: one call at a time, as the contract says. The seed is not used: nothing here is random.</para>
/// <para>Left out: scan resistance. One pass over cold items flushes the hot ones; a stack that scans names another
/// policy.</para>
/// </remarks>
public sealed class LruCachePolicy : ICachePolicy
{
    private const int Recent = 0;

    private readonly ResidentSlots _slots;

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or the count bound is negative.</exception>
    public LruCachePolicy(LruOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        _slots = new ResidentSlots(1, options.MaxCount, capacityBytes);
    }

    /// <inheritdoc/>
    public string Name => "lru";

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
        _slots.Enter(slot.Index, weightBytes, Recent);
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            // What became too large when the capacity shrank keeps its place.
            if ((_slots.IsIn(slot.Index, Recent) && _slots.Fits(_slots.WeightOf(slot.Index)))
                || _slots.HasRoomBy(slot.Index))
            {
                _slots.MoveToFront(slot.Index, Recent);
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot) => _slots.Remove(slot.Index);

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned) => _slots.SetPinned(slot.Index, pinned, Recent);

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (!_slots.IsOver)
        {
            return false;
        }

        int slot = _slots.NextTooLarge();
        if (slot < 0 && (slot = _slots.Back(Recent)) < 0)
        {
            return false;
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes) => _slots.Resize(capacityBytes);

    /// <summary>Checks the bookkeeping; for tests.</summary>
    internal void CheckInvariants() => _slots.CheckInvariants();
}
