namespace Mortise.Primitives;

/// <summary>What every cache policy keeps of the slots that are resident: weights, capacity, which are pinned, and which are
/// larger than everything together. The order in which the others leave is the policy's.</summary>
/// <remarks>A policy divides the slots into queues of its own, numbered from 0. Pinned slots are in none of them. A slot
/// that is larger than the whole capacity when it enters or when its pin ends is in none either: it is the next victim, and
/// nobody else goes because of it. A slot whose pin ends counts as used at that moment. Nothing is allocated once the
/// slots have stopped growing; every member costs O(1). One thread at a time.</remarks>
public sealed class ResidentSlots
{
    private readonly SlotLists _lists;
    private readonly int _pinned;
    private readonly int _tooLarge;
    private readonly int _maxCount;

    /// <summary>Makes it empty.</summary>
    /// <param name="queues">Queues of the policy; 1 and up.</param>
    /// <param name="maxCount">What may be resident, in slots; 0 for any number.</param>
    /// <param name="capacityBytes">What may be resident, in bytes; 0 and up.</param>
    /// <exception cref="ArgumentException">A bound is negative.</exception>
    public ResidentSlots(int queues, int maxCount, long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(maxCount);
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        _pinned = queues;
        _tooLarge = queues + 1;
        _lists = new SlotLists(queues + 2);
        _maxCount = maxCount == 0 ? int.MaxValue : maxCount;
        CapacityBytes = capacityBytes;
    }

    /// <summary>What may be resident, in bytes.</summary>
    public long CapacityBytes { get; private set; }

    /// <summary>What is resident, in bytes.</summary>
    public long WeightBytes => _lists.TotalWeight;

    /// <summary>Resident slots.</summary>
    public int Count => _lists.TotalCount;

    /// <summary>True when something has to go.</summary>
    public bool IsOver => WeightBytes > CapacityBytes || Count > _maxCount;

    /// <summary>Slots there is room for.</summary>
    public int Allocated => _lists.Capacity;

    /// <summary>Refuses a slot that cannot enter.</summary>
    /// <exception cref="ArgumentException">It is resident already, or a value is out of range. Nothing changed.</exception>
    public void RequireAbsent(int slot, int weightBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(slot);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(slot, Array.MaxLength - _tooLarge - 1);
        ArgumentOutOfRangeException.ThrowIfNegative(weightBytes);
        if (IsResident(slot))
        {
            throw new ArgumentException($"slot {slot} is resident already", nameof(slot));
        }
    }

    /// <summary>True when a weight is not larger than the whole capacity.</summary>
    public bool Fits(int weightBytes) => weightBytes <= CapacityBytes;

    /// <summary>True when a slot is resident.</summary>
    public bool IsResident(int slot) => _lists.ListOf(slot) != SlotLists.Nowhere;

    /// <summary>True when a slot is in a queue.</summary>
    public bool IsIn(int slot, int queue) => _lists.ListOf(slot) == queue;

    /// <summary>True when a slot was too large when it entered, and is not now.</summary>
    public bool HasRoomBy(int slot) => _lists.ListOf(slot) == _tooLarge && Fits(_lists.WeightOf(slot));

    /// <summary>The weight of a resident slot.</summary>
    public int WeightOf(int slot) => _lists.WeightOf(slot);

    /// <summary>A number that the policy keeps with a resident slot; 0 when it enters.</summary>
    public ref int Mark(int slot) => ref _lists.Mark(slot);

    /// <summary>Slots in a queue.</summary>
    public int CountIn(int queue) => _lists.Count(queue);

    /// <summary>The weights of a queue's slots together.</summary>
    public long WeightIn(int queue) => _lists.Weight(queue);

    /// <summary>Enters a slot that <see cref="RequireAbsent"/> let pass, at the front of a queue unless it is too
    /// large.</summary>
    public void Enter(int slot, int weightBytes, int queue) =>
        _lists.Add(slot, weightBytes, Fits(weightBytes) ? queue : _tooLarge, isFront: Fits(weightBytes));

    /// <summary>Moves a resident slot to the front of a queue.</summary>
    public void MoveToFront(int slot, int queue) => _lists.Move(slot, queue, isFront: true);

    /// <summary>The last slot of a queue; -1 when it is empty.</summary>
    public int Back(int queue) => _lists.Back(queue);

    /// <summary>A slot that is larger than everything together; -1 when there is none.</summary>
    public int NextTooLarge() => _lists.Back(_tooLarge);

    /// <summary>A slot leaves. Ignored when it is not resident.</summary>
    public void Remove(int slot)
    {
        if (IsResident(slot))
        {
            _lists.Remove(slot);
        }
    }

    /// <summary>Takes a slot out of its queue, or puts it at the front of one. Ignored when it is not resident, or is so
    /// already.</summary>
    /// <param name="slot">The slot.</param>
    /// <param name="isPinned">True for out.</param>
    /// <param name="queue">Where it goes when its pin ends.</param>
    public void SetPinned(int slot, bool isPinned, int queue)
    {
        if (!IsResident(slot) || IsIn(slot, _pinned) == isPinned)
        {
            return;
        }

        bool fits = Fits(_lists.WeightOf(slot));
        _lists.Move(slot, isPinned ? _pinned : fits ? queue : _tooLarge, isFront: isPinned || fits);
    }

    /// <summary>Changes the capacity.</summary>
    /// <param name="capacityBytes">0 and up.</param>
    public void Resize(long capacityBytes)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(capacityBytes);
        CapacityBytes = capacityBytes;
    }

    /// <summary>Walks everything and checks lists, sums and counts against each other; for tests.</summary>
    public void CheckInvariants() => _lists.CheckInvariants();
}
