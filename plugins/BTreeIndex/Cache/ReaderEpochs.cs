namespace Mortise.BTreeIndex;

/// <summary>Says when no reader can still use a page frame that left the cache, without a lock or a shared counter on the
/// read path.</summary>
/// <remarks>
/// <para>A reader enters by writing the current epoch into a slot of its own, and leaves by clearing it. A frame is taken
/// out of the page table first and stamped with the next epoch after; once every occupied slot holds that epoch or a
/// later one, whoever could have found the frame has left.</para>
/// <para>There are as many slots as readers were ever inside at once, so none waits for another: who is inside may enter
/// again, and waits of readers for each other could go in a circle.</para>
/// <para>Threads: any.</para>
/// <para>Source: Fraser, "Practical lock-freedom", Cambridge UCAM-CL-TR-579, 2004.</para>
/// </remarks>
internal sealed class ReaderEpochs
{
    private const int FirstSlots = 64;

    private readonly Lock _growing = new();
    private ReaderSlot[] _slots = Grow([]);
    private long _epoch = 1;

    /// <summary>Enters; what is found in the page table from now on stays usable until <see cref="Exit"/>.</summary>
    /// <returns>The slot to leave by.</returns>
    public ReaderSlot Enter()
    {
        while (true)
        {
            ReaderSlot[] slots = Volatile.Read(ref _slots);
            int first = Environment.CurrentManagedThreadId % slots.Length;
            for (int i = 0; i < slots.Length; i++)
            {
                // The exchange is a full fence: the page table is not read before the slot is taken.
                ReaderSlot slot = slots[(first + i) % slots.Length];
                if (Volatile.Read(ref slot.Epoch) == 0
                    && Interlocked.CompareExchange(ref slot.Epoch, Volatile.Read(ref _epoch), 0) == 0)
                {
                    return slot;
                }
            }

            lock (_growing)
            {
                // Before anybody enters in the new ones: who asks for the oldest and does not see them yet has taken
                // its frames out of the page table before they are looked for by those who enter there.
                Volatile.Write(ref _slots, _slots == slots ? Grow(slots) : _slots);
            }
        }
    }

    public static void Exit(ReaderSlot slot) => Volatile.Write(ref slot.Epoch, 0);

    /// <summary>The stamp for frames that were taken out of the page table before the call.</summary>
    public long Retire() => Interlocked.Increment(ref _epoch);

    /// <summary>Frames stamped with this epoch or an earlier one can be found by nobody.</summary>
    public long OldestInUse()
    {
        Interlocked.MemoryBarrier();
        long oldest = Volatile.Read(ref _epoch);
        foreach (ReaderSlot slot in Volatile.Read(ref _slots))
        {
            long epoch = Volatile.Read(ref slot.Epoch);
            oldest = epoch != 0 && epoch < oldest ? epoch : oldest;
        }

        return oldest;
    }

    /// <summary>Hits counted so far, about.</summary>
    public long TotalHits()
    {
        long sum = 0;
        foreach (ReaderSlot slot in Volatile.Read(ref _slots))
        {
            sum += Volatile.Read(ref slot.Hits);
        }

        return sum;
    }

    private static ReaderSlot[] Grow(ReaderSlot[] slots)
    {
        ReaderSlot[] grown = new ReaderSlot[Math.Max(FirstSlots, 2 * slots.Length)];
        slots.CopyTo(grown, 0);
        for (int i = slots.Length; i < grown.Length; i++)
        {
            grown[i] = new ReaderSlot();
        }

        return grown;
    }
}
