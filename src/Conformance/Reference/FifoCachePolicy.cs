using Mortise.Caching;

namespace Mortise.Reference;

/// <summary>First in, first out: touches change nothing. Obviously right, and slow where slots are pinned.</summary>
/// <remarks>The order is a list through the slots themselves, so that nothing is allocated once they stop
/// growing.</remarks>
public sealed class FifoCachePolicy : ICachePolicy
{
    private const int FirstAllocation = 16;
    private const int None = -1;

    private Item[] _items = new Item[FirstAllocation];
    private int _first = None;
    private int _last = None;

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
    public int Count { get; private set; }

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (IsResident(slot))
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        if (slot.Index >= _items.Length)
        {
            Array.Resize(ref _items, (int)Math.Min(Array.MaxLength, Math.Max(2L * _items.Length, slot.Index + 1L)));
        }

        // An item that can never fit goes first, so that it drives nobody else out.
        bool isFirst = weightBytes > CapacityBytes;
        _items[slot.Index] = new Item(
            isFirst ? None : _last, isFirst ? _first : None, weightBytes, IsPinned: false, IsResident: true);
        Link(slot.Index);
        Count++;
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
        if (IsResident(slot))
        {
            Item item = _items[slot.Index];
            Unlink(item);
            _items[slot.Index] = default;
            Count--;
            WeightBytes -= item.Weight;
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if (IsResident(slot))
        {
            _items[slot.Index] = _items[slot.Index] with { IsPinned = pinned };
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        for (int at = _first; at != None && WeightBytes > CapacityBytes; at = _items[at].Next)
        {
            if (!_items[at].IsPinned)
            {
                victim = new CacheSlot(at);
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

    private bool IsResident(CacheSlot slot) =>
        (uint)slot.Index < (uint)_items.Length && _items[slot.Index].IsResident;

    private void Link(int at)
    {
        Item item = _items[at];
        SetNext(item.Previous, at);
        SetPrevious(item.Next, at);
    }

    private void Unlink(Item item)
    {
        SetNext(item.Previous, item.Next);
        SetPrevious(item.Next, item.Previous);
    }

    private void SetNext(int at, int next)
    {
        if (at == None)
        {
            _first = next;
        }
        else
        {
            _items[at] = _items[at] with { Next = next };
        }
    }

    private void SetPrevious(int at, int previous)
    {
        if (at == None)
        {
            _last = previous;
        }
        else
        {
            _items[at] = _items[at] with { Previous = previous };
        }
    }

    private readonly record struct Item(int Previous, int Next, int Weight, bool IsPinned, bool IsResident);
}
