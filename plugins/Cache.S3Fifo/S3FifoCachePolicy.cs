using Mortise.Caching;
using Mortise.Primitives;

namespace Mortise.Cache.S3Fifo;

/// <summary>Keeps what is used again, and lets what was seen once pass through a small queue.</summary>
/// <remarks>
/// <para>Source: Yang, Zhang, Qiu, Yue, Vigfusson, "FIFO queues are all you need for cache eviction", SOSP 2023.</para>
/// <para>Role: three queues. What is new enters the small one, a tenth of the capacity. What is at its end leaves, unless
/// it was used meanwhile: then it moves to the main queue. What has left is remembered by a fingerprint for as many
/// evictions as there are items, and goes straight to the main queue when it comes back. The main queue is CLOCK with a
/// count up to 3. So a scan flushes the small queue and nothing else. A touch adds one to a count and moves nothing.</para>
/// <para>An item larger than the whole capacity is the next victim itself. A slot whose pin ends counts as used at that
/// moment. Threads: one call at a time, as the contract says. Nothing here is random.</para>
/// </remarks>
public sealed class S3FifoCachePolicy : ICachePolicy
{
    private const int Small = 0;
    private const int Main = 1;
    private const int Pinned = 2;
    private const int TooLarge = 3;
    private const int MaxUses = 3;

    // What the owner keeps with a slot: its uses, then 32 bits of its identity.
    private readonly SlotLists _slots = new(4);
    private readonly GhostQueue _ghosts = new();
    private readonly int _maxCount;
    private readonly int _smallPercent;
    private uint[] _fingerprints = [];

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or an option is out of range.</exception>
    public S3FifoCachePolicy(S3FifoOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfNegative(options.MaxCount, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SmallPercent, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            options.SmallPercent, S3FifoOptions.MaxSmallPercent, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _maxCount = options.MaxCount == 0 ? int.MaxValue : options.MaxCount;
        _smallPercent = options.SmallPercent;
        CapacityBytes = capacityBytes;
    }

    /// <inheritdoc/>
    public string Name => "s3fifo";

    /// <inheritdoc/>
    public long CapacityBytes { get; private set; }

    /// <inheritdoc/>
    public long WeightBytes =>
        _slots.Weight(Small) + _slots.Weight(Main) + _slots.Weight(Pinned) + _slots.Weight(TooLarge);

    /// <inheritdoc/>
    public int Count => _slots.Count(Small) + _slots.Count(Main) + _slots.Count(Pinned) + _slots.Count(TooLarge);

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot.Index, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot.Index, Array.MaxLength - 4, nameof(slot));
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (_slots.ListOf(slot.Index) != SlotLists.Nowhere)
        {
            throw new ArgumentException($"slot {slot.Index} is resident already", nameof(slot));
        }

        uint fingerprint = GhostQueue.Fingerprint(keyHash);
        int list = weightBytes > CapacityBytes ? TooLarge : _ghosts.Remove(fingerprint, Count) ? Main : Small;
        _slots.Add(slot.Index, weightBytes, list, isFront: true);
        if (_fingerprints.Length < _slots.Capacity)
        {
            Array.Resize(ref _fingerprints, _slots.Capacity);
            _ghosts.Grow(_slots.Capacity);
        }

        _fingerprints[slot.Index] = fingerprint;
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if (_slots.ListOf(slot.Index) is Small or Main && _slots.Mark(slot.Index) < MaxUses)
            {
                _slots.Mark(slot.Index)++;
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot)
    {
        if (_slots.ListOf(slot.Index) != SlotLists.Nowhere)
        {
            _slots.Remove(slot.Index);
        }
    }

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned)
    {
        int list = _slots.ListOf(slot.Index);
        if (list != SlotLists.Nowhere && (list == Pinned) != pinned)
        {
            bool isTooLarge = _slots.WeightOf(slot.Index) > CapacityBytes;
            _slots.Move(slot.Index, pinned ? Pinned : isTooLarge ? TooLarge : Main, isFront: true);
        }
    }

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (WeightBytes <= CapacityBytes && Count <= _maxCount)
        {
            return false;
        }

        int slot = _slots.Back(TooLarge);
        while (slot < 0)
        {
            bool isSmallFull = _slots.Weight(Small) > CapacityBytes / 100 * _smallPercent && _slots.Count(Small) > 1;
            int list = isSmallFull || _slots.Count(Main) == 0 ? Small : Main;
            int last = _slots.Back(list);
            if (last < 0)
            {
                return false;
            }

            slot = list == Small ? LeaveSmall(last) : LeaveMain(last);
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>The slot if it leaves the cache; -1 if it was used and moves on.</summary>
    private int LeaveSmall(int slot)
    {
        if (_slots.Mark(slot) > 0)
        {
            _slots.Mark(slot) = 0;
            _slots.Move(slot, Main, isFront: true);
            return -1;
        }

        _ghosts.Add(_fingerprints[slot]);
        return slot;
    }

    /// <summary>The same; each turn that finds no victim uses up a touch, so it costs O(1) amortised.</summary>
    private int LeaveMain(int slot)
    {
        if (_slots.Mark(slot) > 0)
        {
            _slots.Mark(slot)--;
            _slots.Move(slot, Main, isFront: true);
            return -1;
        }

        return slot;
    }
}
