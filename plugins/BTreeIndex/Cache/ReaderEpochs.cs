using System.Runtime.InteropServices;
using Mortise.Caching;

namespace Mortise.BTreeIndex;

/// <summary>Says when no reader can still use a page frame that left the cache, without a lock or a shared counter on the
/// read path.</summary>
/// <remarks>
/// <para>A reader enters by writing the current epoch into a slot of its own, and leaves by clearing it. A frame is taken
/// out of the page table first and stamped with the next epoch after; once every occupied slot holds that epoch or a
/// later one, whoever could have found the frame has left.</para>
/// <para>Threads: any. A slot belongs to one entered reader, so what hangs on it needs no synchronisation.</para>
/// <para>Source: Fraser, "Practical lock-freedom", Cambridge UCAM-CL-TR-579, 2004.</para>
/// </remarks>
internal sealed class ReaderEpochs
{
    private const int SlotCount = 64;

    private readonly Slot[] _slots = new Slot[SlotCount];
    private readonly CacheSlot[][] _hits = new CacheSlot[SlotCount][];
    private long _epoch = 1;

    public ReaderEpochs(int hitsPerSlot)
    {
        for (int i = 0; i < SlotCount; i++)
        {
            _hits[i] = new CacheSlot[hitsPerSlot];
        }
    }

    /// <summary>Enters; what is found in the page table from now on stays usable until <see cref="Exit"/>.</summary>
    /// <returns>The slot to leave by.</returns>
    public int Enter()
    {
        int slot = Environment.CurrentManagedThreadId % SlotCount;
        SpinWait spin = default;
        for (int tries = 1; ; tries++)
        {
            // The exchange is a full fence: the page table is not read before the slot is taken.
            if (Volatile.Read(ref _slots[slot].Epoch) == 0
                && Interlocked.CompareExchange(ref _slots[slot].Epoch, Volatile.Read(ref _epoch), 0) == 0)
            {
                return slot;
            }

            slot = (slot + 1) % SlotCount;
            if (tries % SlotCount == 0)
            {
                spin.SpinOnce();
            }
        }
    }

    public void Exit(int slot) => Volatile.Write(ref _slots[slot].Epoch, 0);

    /// <summary>The stamp for frames that were taken out of the page table before the call.</summary>
    public long Retire() => Interlocked.Increment(ref _epoch);

    /// <summary>Frames stamped with this epoch or an earlier one can be found by nobody.</summary>
    public long OldestInUse()
    {
        Interlocked.MemoryBarrier();
        long oldest = Volatile.Read(ref _epoch);
        foreach (ref Slot slot in _slots.AsSpan())
        {
            long epoch = Volatile.Read(ref slot.Epoch);
            oldest = epoch != 0 && epoch < oldest ? epoch : oldest;
        }

        return oldest;
    }

    /// <summary>Counts a hit.</summary>
    public void CountHit(int slot) => _slots[slot].Hits++;

    /// <summary>Hits counted so far, about.</summary>
    public long TotalHits()
    {
        long sum = 0;
        foreach (ref Slot slot in _slots.AsSpan())
        {
            sum += Volatile.Read(ref slot.Hits);
        }

        return sum;
    }

    /// <summary>Notes a hit.</summary>
    /// <param name="slot">The slot that was entered.</param>
    /// <param name="hit">What was hit.</param>
    /// <returns>True when the slot's buffer is full: take it with <see cref="TakeHits"/> now or lose it.</returns>
    public bool NoteHit(int slot, CacheSlot hit)
    {
        CacheSlot[] hits = _hits[slot];
        ref Slot own = ref _slots[slot];
        hits[own.Noted++] = hit;
        return own.Noted == hits.Length;
    }

    /// <summary>The noted hits, oldest first, which are forgotten; valid until the slot is left.</summary>
    public ReadOnlySpan<CacheSlot> TakeHits(int slot)
    {
        int count = _slots[slot].Noted;
        _slots[slot].Noted = 0;
        return _hits[slot].AsSpan(0, count);
    }

    /// <summary>A slot has cache lines of its own: two, because they are fetched in pairs.</summary>
    [StructLayout(LayoutKind.Explicit, Size = 128)]
    private struct Slot
    {
        [FieldOffset(0)]
        public long Epoch;

        [FieldOffset(8)]
        public int Noted;

        [FieldOffset(16)]
        public long Hits;
    }
}
