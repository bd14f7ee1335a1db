using Mortise.Caching;

namespace Mortise.Host.Decorating;

/// <summary>A cache policy whose decisions are held against books of the host's own.</summary>
/// <remarks>Costs 8 bytes a slot, and nothing is allocated once the number of slots has stopped growing. Threads: as
/// the policy's, one call at a time.</remarks>
internal sealed class CheckedPolicy(ICachePolicy policy, ContractCheck check) : ICachePolicy
{
    private const int FirstAllocation = 64;

    private Entry[] _entries = new Entry[FirstAllocation];
    private long _weight;
    private int _count;
    private int _pinned;

    /// <inheritdoc/>
    public string Name => policy.Name;

    /// <inheritdoc/>
    public long CapacityBytes => policy.CapacityBytes;

    /// <inheritdoc/>
    public long WeightBytes => policy.WeightBytes;

    /// <inheritdoc/>
    public int Count => policy.Count;

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        policy.Insert(slot, keyHash, weightBytes);
        if (slot.Index < 0 || weightBytes < 0)
        {
            throw check.Broken(
                "insert", "CP3", $"it took slot {slot.Index} of {weightBytes} bytes; neither may be negative");
        }

        if (IsResident(slot))
        {
            throw check.Broken("insert", "CP3", $"it took slot {slot.Index}, which is resident");
        }

        if (slot.Index >= _entries.Length)
        {
            Array.Resize(ref _entries, (int)Math.Min(Array.MaxLength, Math.Max(2L * _entries.Length, slot.Index + 1L)));
        }

        _entries[slot.Index] = new Entry { Weight = weightBytes, IsResident = true };
        _weight += weightBytes;
        _count++;
        RequireBooks("insert", "CP5");
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        policy.Touch(slots);
        RequireBooks("touch", "CP6");
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        policy.Remove(slot);
        Forget(slot);
        RequireBooks("remove", "CP10");
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        policy.SetPinned(slot, pinned);
        if (IsResident(slot))
        {
            ref Entry entry = ref _entries[slot.Index];
            _pinned += (pinned ? 1 : 0) - (entry.IsPinned ? 1 : 0);
            entry.IsPinned = pinned;
        }

        RequireBooks("pin", "CP6");
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        long capacity = policy.CapacityBytes;
        if (!policy.TryEvict(out victim))
        {
            if (_weight > capacity && _pinned < _count)
            {
                throw check.Broken(
                    "evict",
                    "CP1",
                    $"it names none of {_count - _pinned} slots that are not pinned, at {_weight} bytes of {capacity}");
            }

            RequireBooks("evict", "CP5");
            return false;
        }

        if (!IsResident(victim))
        {
            throw check.Broken("evict", "CP2", $"it names slot {victim.Index}, which is not resident");
        }

        if (_entries[victim.Index].IsPinned)
        {
            throw check.Broken("evict", "CP4", $"it names slot {victim.Index}, which is pinned");
        }

        if (_weight <= capacity)
        {
            throw check.Broken("evict", "CP1", $"it names slot {victim.Index} with {_weight} bytes of {capacity}");
        }

        Forget(victim);
        RequireBooks("evict", "CP2");
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes)
    {
        policy.Resize(capacityBytes);
        if (policy.CapacityBytes != capacityBytes)
        {
            throw check.Broken(
                "resize", "CP9", $"{capacityBytes} bytes were asked for, and it has {policy.CapacityBytes}");
        }

        RequireBooks("resize", "CP9");
    }

    private bool IsResident(CacheSlot slot) =>
        (uint)slot.Index < (uint)_entries.Length && _entries[slot.Index].IsResident;

    private void Forget(CacheSlot slot)
    {
        if (IsResident(slot))
        {
            ref Entry entry = ref _entries[slot.Index];
            _weight -= entry.Weight;
            _count--;
            _pinned -= entry.IsPinned ? 1 : 0;
            entry = default;
        }
    }

    private void RequireBooks(string operation, string law)
    {
        if (policy.Count != _count || policy.WeightBytes != _weight)
        {
            throw check.Broken(
                operation,
                law,
                $"it counts {policy.Count} slots of {policy.WeightBytes} bytes; {_count} of {_weight} are resident");
        }
    }

    private struct Entry
    {
        public int Weight;
        public bool IsResident;
        public bool IsPinned;
    }
}
