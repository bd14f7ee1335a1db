namespace Mortise.Caching;

/// <summary>Decides what leaves a cache. The cache's owner holds the memory, the items and the lock.</summary>
/// <remarks>
/// <para>Role: pure bookkeeping over slots, weights and touches. No I/O, no threads, no clock.</para>
/// <para>Threads: the owner calls one member at a time. A hit takes no lock: the owner notes it in a lossy buffer and
/// hands many at once to <see cref="Touch"/>.</para>
/// <para>Laws: after <see cref="TryEvict"/> has returned false, <see cref="WeightBytes"/> is at most
/// <see cref="CapacityBytes"/> or everything resident is pinned. A victim was resident, is not pinned, is named once
/// and is no longer resident. Equal calls from a new instance with an equal seed name equal victims. No member
/// allocates once the number of slots has stopped growing, and each costs O(1) amortised.</para>
/// </remarks>
public interface ICachePolicy
{
    /// <summary>The policy's name, for reports: <c>lru</c>.</summary>
    string Name { get; }

    /// <summary>What may be resident, in bytes; 0 and up.</summary>
    long CapacityBytes { get; }

    /// <summary>What is resident, in bytes.</summary>
    long WeightBytes { get; }

    /// <summary>Number of resident slots.</summary>
    int Count { get; }

    /// <summary>A new item is resident. Call <see cref="TryEvict"/> until it answers false.</summary>
    /// <param name="slot">A slot that is not resident.</param>
    /// <param name="keyHash">A hash of the item's identity that outlives its slot, for policies with a memory of
    /// evicted items.</param>
    /// <param name="weightBytes">0 and up. An item above <see cref="CapacityBytes"/> becomes the next victim itself and
    /// evicts nobody else.</param>
    /// <exception cref="ArgumentException">The slot is resident already, or a value is negative. Nothing
    /// changed.</exception>
    void Insert(CacheSlot slot, ulong keyHash, int weightBytes);

    /// <summary>Slots that were hit, oldest first. Slots that are not resident are ignored: hits arrive late.</summary>
    void Touch(ReadOnlySpan<CacheSlot> slots);

    /// <summary>The owner dropped an item. Ignored when the slot is not resident.</summary>
    void Remove(CacheSlot slot);

    /// <summary>Exempts a resident slot from eviction, or ends that. Ignored when the slot is not resident.</summary>
    void SetPinned(CacheSlot slot, bool pinned);

    /// <summary>Names and forgets the next item to drop.</summary>
    /// <returns>False when the weight is within capacity, or when everything resident is pinned.</returns>
    bool TryEvict(out CacheSlot victim);

    /// <summary>Changes the capacity. Call <see cref="TryEvict"/> until it answers false.</summary>
    /// <param name="capacityBytes">0 and up.</param>
    void Resize(long capacityBytes);
}
