using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>Sorted entries in memory: the heads of their keys, where they are, and the buffers they are in.</summary>
/// <remarks>Immutable once built; several tables may share buffers. Threads: any.</remarks>
/// <param name="arenas">The buffers.</param>
/// <param name="heads">The <see cref="KeyHead"/> of each key.</param>
/// <param name="slots">Where each entry is.</param>
/// <param name="count">Entries; the arrays may be longer.</param>
internal sealed class SlotTable(byte[][] arenas, ulong[] heads, MemorySlot[] slots, int count)
{
    public int Count { get; } = count;

    public byte[][] Arenas => arenas;

    public ulong[] Heads => heads;

    public MemorySlot[] Slots => slots;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Key(int index)
    {
        ref readonly MemorySlot slot = ref slots[index];
        return arenas[slot.Arena].AsSpan(slot.Offset, slot.KeyLength);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Value(int index)
    {
        ref readonly MemorySlot slot = ref slots[index];
        return slot.IsTombstone ? default : arenas[slot.Arena].AsSpan(slot.Offset + slot.KeyLength, slot.ValueLength);
    }

    public bool IsTombstone(int index) => slots[index].IsTombstone;

    /// <summary>Brings an entry's key nearer: its buffer is one of many that are read by turns, so that nothing else
    /// foresees where the next key is.</summary>
    /// <param name="index">Of an entry; nothing happens where there is none.</param>
    public unsafe void Prefetch(int index)
    {
        if (Sse.IsSupported && (uint)index < (uint)Count)
        {
            ref readonly MemorySlot slot = ref slots[index];

            // An address that is too old after a collection costs the prefetch and nothing else.
            Sse.Prefetch0(Unsafe.AsPointer(ref arenas[slot.Arena][slot.Offset]));
        }
    }

    /// <summary>Bytes of all keys and values that it shows.</summary>
    public long EntryBytes()
    {
        long sum = 0;
        foreach (ref readonly MemorySlot slot in slots.AsSpan(0, Count))
        {
            sum += slot.EntryBytes;
        }

        return sum;
    }

    /// <summary>Bytes of all its buffers.</summary>
    public long ArenaBytes()
    {
        long sum = 0;
        foreach (byte[] arena in arenas)
        {
            sum += arena.Length;
        }

        return sum;
    }

    /// <summary>The same entries in one buffer of their own.</summary>
    public SlotTable Gather()
    {
        byte[] arena = GC.AllocateUninitializedArray<byte>(checked((int)EntryBytes()));
        MemorySlot[] moved = GC.AllocateUninitializedArray<MemorySlot>(Count);
        int used = 0;
        for (int i = 0; i < Count; i++)
        {
            ref readonly MemorySlot slot = ref slots[i];
            int bytes = slot.EntryBytes;
            arenas[slot.Arena].AsSpan(slot.Offset, bytes).CopyTo(arena.AsSpan(used));
            moved[i] = slot with { Offset = used, Arena = 0 };
            used += bytes;
        }

        return new SlotTable([arena], heads, moved, Count);
    }
}
