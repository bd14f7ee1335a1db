using Mortise.Caching;

namespace Mortise.Fixtures.Misbehaving;

/// <summary>A policy as a newcomer writes it, with one mistake: <see cref="Remove"/> does not give back the
/// weight.</summary>
internal sealed class LossyCache : ICachePolicy
{
    private readonly List<CacheSlot> _order = [];
    private readonly Dictionary<CacheSlot, int> _weights = [];
    private readonly HashSet<CacheSlot> _pinned = [];

    public LossyCache(long capacityBytes) => Resize(capacityBytes);

    public string Name => "lossy";

    public long CapacityBytes { get; private set; }

    public long WeightBytes { get; private set; }

    public int Count => _order.Count;

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (!_weights.TryAdd(slot, weightBytes))
        {
            throw new ArgumentException("the slot is resident already", nameof(slot));
        }

        _order.Insert(weightBytes > CapacityBytes ? 0 : _order.Count, slot);
        WeightBytes += weightBytes;
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
    }

    public void Remove(CacheSlot slot)
    {
        if (_weights.Remove(slot))
        {
            _order.Remove(slot);
            _pinned.Remove(slot);
        }
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
        if (!pinned)
        {
            _pinned.Remove(slot);
        }
        else if (_weights.ContainsKey(slot))
        {
            _pinned.Add(slot);
        }
    }

    public bool TryEvict(out CacheSlot victim)
    {
        int at = WeightBytes > CapacityBytes ? _order.FindIndex(slot => !_pinned.Contains(slot)) : -1;
        victim = at < 0 ? default : _order[at];
        if (at < 0)
        {
            return false;
        }

        WeightBytes -= _weights[victim];
        Remove(victim);
        return true;
    }

    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }
}
