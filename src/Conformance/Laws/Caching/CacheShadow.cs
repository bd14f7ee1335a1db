using Mortise.Caching;

namespace Mortise.Conformance;

/// <summary>A policy with a cache owner's own books beside it: every answer is checked against them.</summary>
internal sealed class CacheShadow(ICachePolicy policy)
{
    private readonly Dictionary<int, (int Weight, bool Pinned)> _resident = [];
    private string _call = "nothing";

    public ICachePolicy Policy { get; } = policy;

    public IReadOnlyDictionary<int, (int Weight, bool Pinned)> Resident => _resident;

    /// <summary>Every victim so far, in order.</summary>
    public List<int> Victims { get; } = [];

    public long Weight => _resident.Values.Sum(item => (long)item.Weight);

    public void Insert(int slot, int weight)
    {
        _call = $"Insert of slot {slot} with {weight} bytes";
        Policy.Insert(new CacheSlot(slot), Hash(slot), weight);
        _resident.Add(slot, (weight, false));
        Evict();
    }

    public void Touch(params int[] slots)
    {
        _call = $"Touch of slots {string.Join(", ", slots)}";
        CacheSlot[] touched = [.. slots.Select(slot => new CacheSlot(slot))];
        Policy.Touch(touched);
        Check();
    }

    public void Remove(int slot)
    {
        _call = $"Remove of slot {slot}";
        Policy.Remove(new CacheSlot(slot));
        _resident.Remove(slot);
        Check();
    }

    public void Pin(int slot, bool pinned)
    {
        Policy.SetPinned(new CacheSlot(slot), pinned);
        if (_resident.TryGetValue(slot, out (int Weight, bool Pinned) item))
        {
            _resident[slot] = item with { Pinned = pinned };
        }
    }

    public void Resize(long capacity)
    {
        _call = $"Resize to {capacity} bytes";
        Policy.Resize(capacity);
        LawRun.Require(
            Policy.CapacityBytes == capacity, $"resized to {capacity}, CapacityBytes is {Policy.CapacityBytes}");
        Evict();
    }

    /// <summary>Drops victims until the policy is content, as every owner must.</summary>
    public void Evict()
    {
        int limit = _resident.Count;
        for (int i = 0; Policy.TryEvict(out CacheSlot victim); i++)
        {
            LawRun.Require(i < limit, $"{i + 1} victims of {limit} resident slots were named");
            LawRun.Require(
                _resident.TryGetValue(
                    victim.Index, out (int Weight, bool Pinned) item), $"victim {victim.Index} is not resident");
            LawRun.Require(!item.Pinned, $"victim {victim.Index} is pinned");
            LawRun.Require(
                Weight > Policy.CapacityBytes, $"victim {victim.Index} was named with {Weight} of "
                    + $"{Policy.CapacityBytes} bytes in use");
            _resident.Remove(victim.Index);
            Victims.Add(victim.Index);
        }

        Check();
        LawRun.Require(
            Weight <= Policy.CapacityBytes || _resident.Values.All(item => item.Pinned),
            $"no victim is named with {Weight} of {Policy.CapacityBytes} bytes in use and slots that are not pinned");
    }

    public void Check()
    {
        LawRun.Require(
            Policy.Count == _resident.Count, $"Count is {Policy.Count}, and {_resident.Count} slots are resident, "
                + $"after {_call}");
        LawRun.Require(
            Policy.WeightBytes == Weight,
            $"WeightBytes is {Policy.WeightBytes}, and the resident slots weigh {Weight}, after {_call}");
    }

    private static ulong Hash(int slot) => Seeds.Derive(77, (ulong)slot);
}
