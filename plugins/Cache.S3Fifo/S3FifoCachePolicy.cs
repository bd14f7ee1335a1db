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
    private const int MaxUses = 3;

    private readonly ResidentSlots _slots;
    private readonly GhostQueue _ghosts = new();
    private readonly int _smallPercent;
    private uint[] _fingerprints = [];

    /// <summary>Makes an empty policy.</summary>
    /// <param name="options">Checked options.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">The capacity or an option is out of range.</exception>
    public S3FifoCachePolicy(S3FifoOptions options, long capacityBytes)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(options.SmallPercent, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(
            options.SmallPercent, S3FifoOptions.MaxSmallPercent, nameof(options));
        _slots = new ResidentSlots(2, options.MaxCount, capacityBytes);
        _smallPercent = options.SmallPercent;
    }

    /// <inheritdoc/>
    public string Name => "s3fifo";

    /// <inheritdoc/>
    public long CapacityBytes => _slots.CapacityBytes;

    /// <inheritdoc/>
    public long WeightBytes => _slots.WeightBytes;

    /// <inheritdoc/>
    public int Count => _slots.Count;

    /// <inheritdoc/>
    public void Insert(CacheSlot slot, ulong keyHash, int weightBytes)
    {
        _slots.RequireAbsent(slot.Index, weightBytes);
        uint fingerprint = GhostQueue.Fingerprint(keyHash);
        bool comesBack = _slots.Fits(weightBytes) && _ghosts.Remove(fingerprint, Count);
        _slots.Enter(slot.Index, weightBytes, comesBack ? Main : Small);
        if (_fingerprints.Length < _slots.Allocated)
        {
            Array.Resize(ref _fingerprints, _slots.Allocated);
            _ghosts.Grow(_slots.Allocated);
        }

        _fingerprints[slot.Index] = fingerprint;
    }

    /// <inheritdoc/>
    public void Touch(ReadOnlySpan<CacheSlot> slots)
    {
        foreach (CacheSlot slot in slots)
        {
            if ((_slots.IsIn(slot.Index, Small) || _slots.IsIn(slot.Index, Main)) && _slots.Mark(slot.Index) < MaxUses)
            {
                _slots.Mark(slot.Index)++;
            }
        }
    }

    /// <inheritdoc/>
    public void Remove(CacheSlot slot) => _slots.Remove(slot.Index);

    /// <inheritdoc/>
    public void SetPinned(CacheSlot slot, bool pinned) => _slots.SetPinned(slot.Index, pinned, Main);

    /// <inheritdoc/>
    public bool TryEvict(out CacheSlot victim)
    {
        victim = default;
        if (!_slots.IsOver)
        {
            return false;
        }

        int slot = _slots.NextTooLarge();
        while (slot < 0)
        {
            bool isSmallFull = _slots.WeightIn(Small) > CapacityBytes / 100 * _smallPercent && _slots.CountIn(Small) > 1;
            int queue = isSmallFull || _slots.CountIn(Main) == 0 ? Small : Main;
            int last = _slots.Back(queue);
            if (last < 0)
            {
                return false;
            }

            slot = queue == Small ? LeaveSmall(last) : LeaveMain(last);
        }

        _slots.Remove(slot);
        victim = new CacheSlot(slot);
        return true;
    }

    /// <inheritdoc/>
    public void Resize(long capacityBytes) => _slots.Resize(capacityBytes);

    /// <summary>The slot if it leaves the cache; -1 if it was used and moves on.</summary>
    private int LeaveSmall(int slot)
    {
        if (_slots.Mark(slot) > 0)
        {
            _slots.Mark(slot) = 0;
            _slots.MoveToFront(slot, Main);
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
            _slots.MoveToFront(slot, Main);
            return -1;
        }

        return slot;
    }
}
