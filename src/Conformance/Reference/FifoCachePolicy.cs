using Mortise.Caching;

namespace Mortise.Reference;

/// <summary>First in, first out: touches change nothing. Obviously right, and slow.</summary>
public sealed class FifoCachePolicy : ICachePolicy
{
    private readonly LinkedList<CacheSlot> _order = new();
    private readonly Dictionary<CacheSlot, Item> _resident = [];

    /// <summary>Makes an empty policy.</summary>
    /// <param name="capacityBytes">0 and up.</param>
    public FifoCachePolicy(long capacityBytes) => Resize(capacityBytes);

    /// <inheritdoc/>
    public string Name => "fifo";

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
        _resident[slot] = new Item(node, weightBytes, IsPinned: false);
        WeightBytes += weightBytes;
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        // The order of arrival is the only order there is.
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        if (_resident.Remove(slot, out Item item))
        {
            _order.Remove(item.Node);
            WeightBytes -= item.Weight;
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if (_resident.TryGetValue(slot, out Item item))
        {
            _resident[slot] = item with { IsPinned = pinned };
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        for (LinkedListNode<CacheSlot>? node = _order.First; node is not null; node = node.Next)
        {
            if (WeightBytes > CapacityBytes && !_resident[node.Value].IsPinned)
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

    private readonly record struct Item(LinkedListNode<CacheSlot> Node, int Weight, bool IsPinned);
}
