using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>Least recently used first, kept as a plain list: obviously right, and slow.</summary>
/// <remarks>The reference that cache policies are compared with.</remarks>
public sealed class LruOrder : ICachePolicy
{
    private readonly LinkedList<CacheSlot> _order = new();
    private readonly Dictionary<CacheSlot, (LinkedListNode<CacheSlot> Node, int Weight, bool Pinned)> _resident = [];

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityBytes">0 and up.</param>
    public LruOrder(long capacityBytes) => Resize(capacityBytes);

    /// <inheritdoc/>
    public string Name => "lru-order";

    /// <inheritdoc/>
    public long CapacityBytes { get; private set; }

    /// <inheritdoc/>
    public long WeightBytes { get; private set; }

    /// <inheritdoc/>
    public int Count => _resident.Count;

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (_resident.ContainsKey(slot))
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        // An item that can never fit goes first, so that it drives nobody else out.
        LinkedListNode<CacheSlot> node = weightBytes > CapacityBytes ? _order.AddFirst(slot) : _order.AddLast(slot);
        _resident[slot] = (node, weightBytes, false);
        WeightBytes += weightBytes;
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if (_resident.TryGetValue(slot, out (LinkedListNode<CacheSlot> Node, int Weight, bool Pinned) item)
                && item.Weight <= CapacityBytes)
            {
                _order.Remove(item.Node);
                _order.AddLast(item.Node);
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        if (_resident.Remove(slot, out (LinkedListNode<CacheSlot> Node, int Weight, bool Pinned) item))
        {
            _order.Remove(item.Node);
            WeightBytes -= item.Weight;
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if (_resident.TryGetValue(slot, out (LinkedListNode<CacheSlot> Node, int Weight, bool Pinned) item))
        {
            _resident[slot] = item with { Pinned = pinned };
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (WeightBytes <= CapacityBytes)
        {
            return false;
        }

        for (LinkedListNode<CacheSlot>? node = _order.First; node is not null; node = node.Next)
        {
            if (!_resident[node.Value].Pinned)
            {
                victim = node.Value;
                Remove(victim);
                return true;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }
}
