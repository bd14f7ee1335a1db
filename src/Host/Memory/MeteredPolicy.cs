using Mortise.Caching;

namespace Mortise.Host.Memory;

/// <summary>A policy of the stack's choice, whose work is counted.</summary>
/// <remarks>It remembers fingerprints of what was evicted, for as many evictions as there are slots, to tell a miss
/// that more memory would have spared from one on something that was never seen or long ago: a scan must not attract
/// memory. Hits are what the owner reports. Threads: as the policy's.</remarks>
internal sealed class MeteredPolicy(ICachePolicy policy, CacheGrant grant) : ICachePolicy
{
    private const int FirstAllocation = 64;

    private uint[] _fingerprints = new uint[FirstAllocation];
    private uint[] _evicted = new uint[FirstAllocation];

    public string Name => policy.Name;

    public long CapacityBytes => policy.CapacityBytes;

    public long WeightBytes => policy.WeightBytes;

    public int Count => policy.Count;

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        policy.Insert(slot, keyHash, weightBytes);
        if (slot.Index >= _fingerprints.Length)
        {
            Array.Resize(ref _fingerprints, (int)Math.Min(Array.MaxLength, Math.Max(2L * _fingerprints.Length, slot.Index + 1L)));
            GrowEvicted((int)Math.Min(1 << 30, System.Numerics.BitOperations.RoundUpToPowerOf2((uint)_fingerprints.Length)));
        }

        // Never 0, which marks an empty place. Source of the constant: Knuth, TAOCP 3, 6.4.
        uint fingerprint = (uint)((keyHash * 0x9E3779B97F4A7C15) >> 32) | 1;
        _fingerprints[slot.Index] = fingerprint;
        ref uint place = ref Place(fingerprint);
        bool wasEvicted = place == fingerprint;
        place = wasEvicted ? 0 : place;
        grant.CountMiss(weightBytes, wasEvicted, policy.WeightBytes);
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots) => policy.Touch(slots);

    public void Remove(CacheSlot slot) => policy.Remove(slot);

    public void SetPinned(CacheSlot slot, bool pinned) => policy.SetPinned(slot, pinned);

    public bool TryEvict(out CacheSlot victim)
    {
        if (!policy.TryEvict(out victim))
        {
            return false;
        }

        if (victim.Index < _fingerprints.Length)
        {
            uint fingerprint = _fingerprints[victim.Index];
            Place(fingerprint) = fingerprint;
        }

        return true;
    }

    public void Resize(long capacityBytes) => policy.Resize(capacityBytes);

    // One place for each: a newer eviction overwrites an older one, so the table forgets by itself.
    private ref uint Place(uint fingerprint) => ref _evicted[(fingerprint >> 1) & (uint)(_evicted.Length - 1)];

    private void GrowEvicted(int length)
    {
        uint[] old = _evicted;
        _evicted = new uint[length];
        foreach (uint fingerprint in old)
        {
            Place(fingerprint) = fingerprint;
        }
    }
}
