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
/// <para>An item larger than the whole capacity goes to the back of the list instead of the front, and touches leave it
/// there: it is the next to go, and nobody else goes because of it.</para>
/// <para>Threads: one call at a time, as the contract says. The seed is not used: nothing here is random.</para>
/// <para>Left out: scan resistance. One pass over cold items flushes the hot ones; a stack that scans names another
/// policy.</para>
/// </remarks>
public sealed class LruCachePolicy : ICachePolicy
{
    // The list is circular through a sentinel: its Next is the most, its Previous the least recently used slot. Keeping
    // the sentinel at node 0 and slot s at node s + 1 removes every "is this an end" branch from linking and unlinking.
    private const int Sentinel = 0;
    private const int FirstAllocation = 64;

    private readonly int _maxCount;
    private Node[] _nodes = new Node[FirstAllocation];

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or the count bound is negative.</exception>
    public LruCachePolicy(LruOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxCount, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _maxCount = options.MaxCount == 0 ? int.MaxValue : options.MaxCount;
        CapacityBytes = capacityBytes;
    }

    private enum Place : byte
    {
        Absent,
        Listed,
        Pinned,
    }

    /// <inheritdoc/>
    public string Name => "lru";

    /// <inheritdoc/>
    public long CapacityBytes { get; private set; }

    /// <inheritdoc/>
    public long WeightBytes { get; private set; }

    /// <inheritdoc/>
    public int Count { get; private set; }

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot.Index, Array.MaxLength - 1, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        int index = slot.Index + 1;
        if (index < _nodes.Length && _nodes[index].Place != Place.Absent)
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        GrowTo(index);
        _nodes[index].WeightBytes = weightBytes;
        WeightBytes += weightBytes;
        Count++;
        List(index);
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if (IndexIn(slot, Place.Listed, out int index) && _nodes[index].WeightBytes <= CapacityBytes)
            {
                Unlink(index);
                LinkAfter(Sentinel, index);
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        if (IndexIn(slot, Place.Listed, out int index))
        {
            Unlink(index);
            Forget(index);
        }
        else if (IndexIn(slot, Place.Pinned, out index))
        {
            Forget(index);
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if (pinned && IndexIn(slot, Place.Listed, out int index))
        {
            Unlink(index);
            _nodes[index].Place = Place.Pinned;
        }
        else if (!pinned && IndexIn(slot, Place.Pinned, out index))
        {
            List(index);
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        int index = _nodes[Sentinel].Previous;
        if (index == Sentinel || (WeightBytes <= CapacityBytes && Count <= _maxCount))
        {
            victim = default;
            return false;
        }

        Unlink(index);
        Forget(index);
        victim = new CacheSlot(index - 1);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>Walks everything and checks the lists, the sum and the count against each other; for tests.</summary>
    internal void CheckInvariants()
    {
        int listed = 0;
        for (int at = _nodes[Sentinel].Next; at != Sentinel; at = _nodes[at].Next)
        {
            Invariant.Holds(_nodes[at].Place == Place.Listed);
            Invariant.Holds(_nodes[_nodes[at].Next].Previous == at);
            listed++;
            Invariant.Holds(listed <= Count);
        }

        int resident = 0;
        long weight = 0;
        foreach (ref readonly Node node in _nodes.AsSpan(1))
        {
            resident += node.Place == Place.Absent ? 0 : 1;
            listed -= node.Place == Place.Listed ? 1 : 0;
            weight += node.Place == Place.Absent ? 0 : node.WeightBytes;
        }

        Invariant.Holds(listed == 0);
        Invariant.Holds(resident == Count);
        Invariant.Holds(weight == WeightBytes);
    }

    private bool IndexIn(CacheSlot slot, Place place, out int index)
    {
        index = slot.Index + 1;
        return (uint)slot.Index < (uint)_nodes.Length - 1 && _nodes[index].Place == place;
    }

    private void List(int index)
    {
        _nodes[index].Place = Place.Listed;
        LinkAfter(_nodes[index].WeightBytes <= CapacityBytes ? Sentinel : _nodes[Sentinel].Previous, index);
    }

    private void LinkAfter(int before, int index)
    {
        int after = _nodes[before].Next;
        _nodes[index].Previous = before;
        _nodes[index].Next = after;
        _nodes[before].Next = index;
        _nodes[after].Previous = index;
    }

    private void Unlink(int index)
    {
        ref Node node = ref _nodes[index];
        _nodes[node.Previous].Next = node.Next;
        _nodes[node.Next].Previous = node.Previous;
    }

    private void Forget(int index)
    {
        _nodes[index].Place = Place.Absent;
        WeightBytes -= _nodes[index].WeightBytes;
        Count--;
    }

    private void GrowTo(int index)
    {
        if (index >= _nodes.Length)
        {
            long doubled = Math.Min(2L * _nodes.Length, Array.MaxLength);
            Array.Resize(ref _nodes, (int)Math.Max(doubled, index + 1L));
        }
    }

    private struct Node
    {
        public int Previous;
        public int Next;
        public int WeightBytes;
        public Place Place;
    }
}
