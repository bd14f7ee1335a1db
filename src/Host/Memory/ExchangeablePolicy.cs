using Mortise.Caching;

namespace Mortise.Host.Memory;

/// <summary>A cache policy whose code can be exchanged, or begun anew after it failed, while its cache is in
/// use.</summary>
/// <remarks>
/// <para>It remembers what is resident, 13 bytes a slot, and tells a new policy all of it: nothing leaves the cache.
/// What the old one knew of hits is gone; the new one learns anew.</para>
/// <para>When another code cannot be made, or throws while it is told, the old one stays.</para>
/// <para>Threads: as the policy's; <see cref="Exchange"/> from any, which is what the lock is for: the owner never
/// waits for it but while the codes are being exchanged.</para>
/// </remarks>
internal sealed class ExchangeablePolicy : ICachePolicy
{
    /// <summary>How often a policy that fails is begun anew.</summary>
    public const int MaxRestarts = 3;

    private readonly Lock _gate = new();
    private readonly bool _restarts;
    private readonly Action<Exception> _failed;
    private Func<long, ICachePolicy> _create;
    private ICachePolicy _policy;
    private ulong[] _hashes = new ulong[64];
    private int[] _weights = new int[64];
    private SlotState[] _states = new SlotState[64];
    private int _slots;
    private int _restarted;

    /// <param name="capacity">Bytes.</param>
    /// <param name="create">Makes the plugin's policy of a capacity.</param>
    /// <param name="restarts">Whether one that throws what no contract allows is begun anew.</param>
    /// <param name="failed">Told why one was begun anew.</param>
    public ExchangeablePolicy(
        long capacity, Func<long, ICachePolicy> create, bool restarts, Action<Exception> failed)
    {
        _create = create;
        _restarts = restarts;
        _failed = failed;
        _policy = create(capacity);
    }

    [Flags]
    private enum SlotState : byte
    {
        None = 0,
        Resident = 1,
        Pinned = 2,
    }

    public string Name => Volatile.Read(ref _policy).Name;

    public long CapacityBytes => Volatile.Read(ref _policy).CapacityBytes;

    public long WeightBytes => Volatile.Read(ref _policy).WeightBytes;

    public int Count => Volatile.Read(ref _policy).Count;

    /// <summary>Takes other code. What it throws is the plugin's; nothing has changed then.</summary>
    public void Exchange(Func<long, ICachePolicy> create)
    {
        lock (_gate)
        {
            Volatile.Write(ref _policy, Filled(create, _policy.CapacityBytes));
            _create = create;
        }
    }

    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        lock (_gate)
        {
            try
            {
                _policy.Insert(slot, keyHash, weightBytes);
            }
            catch (Exception e) when (IsFault(e) && !IsResident(slot))
            {
                BeginAnew(e).Insert(slot, keyHash, weightBytes);
            }

            Remember(slot, keyHash, weightBytes);
        }
    }

    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        lock (_gate)
        {
            try
            {
                _policy.Touch(slots);
            }
            catch (Exception e) when (IsFault(e))
            {
                BeginAnew(e).Touch(slots);
            }
        }
    }

    public void Remove(CacheSlot slot)
    {
        lock (_gate)
        {
            try
            {
                _policy.Remove(slot);
            }
            catch (Exception e) when (IsFault(e))
            {
                BeginAnew(e).Remove(slot);
            }

            Forget(slot);
        }
    }

    public void SetPinned(CacheSlot slot, bool pinned)
    {
        lock (_gate)
        {
            try
            {
                _policy.SetPinned(slot, pinned);
            }
            catch (Exception e) when (IsFault(e))
            {
                BeginAnew(e).SetPinned(slot, pinned);
            }

            if (IsResident(slot))
            {
                _states[slot.Index] = pinned ? SlotState.Resident | SlotState.Pinned : SlotState.Resident;
            }
        }
    }

    public bool TryEvict(out CacheSlot victim)
    {
        lock (_gate)
        {
            bool found;
            try
            {
                found = _policy.TryEvict(out victim);
            }
            catch (Exception e) when (IsFault(e))
            {
                found = BeginAnew(e).TryEvict(out victim);
            }

            if (found)
            {
                Forget(victim);
            }

            return found;
        }
    }

    public void Resize(long capacityBytes)
    {
        lock (_gate)
        {
            try
            {
                _policy.Resize(capacityBytes);
            }
            catch (Exception e) when (IsFault(e))
            {
                BeginAnew(e).Resize(capacityBytes);
            }
        }
    }

    /// <summary>What the owner did wrong stays an error; what the policy did may be mended.</summary>
    private bool IsFault(Exception e) =>
        _restarts && _restarted < MaxRestarts && e is not (ArgumentException or OutOfMemoryException);

    private ICachePolicy BeginAnew(Exception failure)
    {
        _restarted++;
        Volatile.Write(ref _policy, Filled(_create, _policy.CapacityBytes));
        _failed(failure);
        return _policy;
    }

    private ICachePolicy Filled(Func<long, ICachePolicy> create, long capacity)
    {
        ICachePolicy policy = create(capacity);
        for (int i = 0; i < _slots; i++)
        {
            if (_states[i] == SlotState.None)
            {
                continue;
            }

            policy.Insert(new CacheSlot(i), _hashes[i], _weights[i]);
            if ((_states[i] & SlotState.Pinned) != 0)
            {
                policy.SetPinned(new CacheSlot(i), pinned: true);
            }
        }

        return policy;
    }

    private bool IsResident(CacheSlot slot) => slot.Index < _slots && _states[slot.Index] != SlotState.None;

    private void Remember(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        if (slot.Index >= _states.Length)
        {
            int length = (int)Math.Min(Array.MaxLength, Math.Max(2L * _states.Length, slot.Index + 1L));
            Array.Resize(ref _hashes, length);
            Array.Resize(ref _weights, length);
            Array.Resize(ref _states, length);
        }

        _slots = Math.Max(_slots, slot.Index + 1);
        (_hashes[slot.Index], _weights[slot.Index], _states[slot.Index]) = (keyHash, weightBytes, SlotState.Resident);
    }

    private void Forget(CacheSlot slot)
    {
        if (slot.Index < _slots)
        {
            _states[slot.Index] = SlotState.None;
        }
    }
}
