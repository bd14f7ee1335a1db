using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Mortise.BTreeIndex;

/// <summary>Merges tables of entries by their heads; keys are looked at where heads are equal, and nothing but heads and
/// slots is copied.</summary>
/// <remarks>The step of a merge of two has no branch that depends on which of them is next: keys that are hashes would
/// mispredict it every other time.</remarks>
internal static class SlotMerge
{
    /// <summary>Merges tables; of equal keys the newest table's entry stays, tombstones included.</summary>
    /// <param name="newestFirst">At least one; of neighbours, two at a time are merged.</param>
    public static SlotTable Merge(ReadOnlySpan<SlotTable> newestFirst) => Merge(newestFirst, isLast: true);

    private static SlotTable Merge(ReadOnlySpan<SlotTable> newestFirst, bool isLast)
    {
        if (newestFirst.Length == 1)
        {
            return newestFirst[0];
        }

        // What lies between is in arrays that are used again: new memory costs as much as the merge.
        int half = newestFirst.Length / 2;
        SlotTable newer = Merge(newestFirst[..half], isLast: false);
        SlotTable older = Merge(newestFirst[half..], isLast: false);
        SlotTable merged = Merge(newer, older, isLast);
        Return(newer, half > 1);
        Return(older, newestFirst.Length - half > 1);
        return merged;
    }

    private static void Return(SlotTable table, bool isRented)
    {
        if (isRented)
        {
            ArrayPool<ulong>.Shared.Return(table.Heads);
            ArrayPool<MemorySlot>.Shared.Return(table.Slots);
        }
    }

    private static SlotTable Merge(SlotTable newer, SlotTable older, bool isLast)
    {
        if (newer.Arenas.Length + older.Arenas.Length > MemorySlot.MostArenas)
        {
            newer = newer.Gather();
            older = older.Gather();
        }

        byte[][] arenas = [.. newer.Arenas, .. older.Arenas];
        Output output = new(newer.Count + older.Count, newer.Arenas.Length, isLast);
        if (newer.Heads[newer.Count - 1] < older.Heads[0])
        {
            output.Copy(newer, 0, isOlder: false);
            output.Copy(older, 0, isOlder: true);
        }
        else if (older.Heads[older.Count - 1] < newer.Heads[0])
        {
            output.Copy(older, 0, isOlder: true);
            output.Copy(newer, 0, isOlder: false);
        }
        else
        {
            output.Mix(newer, older);
        }

        return new SlotTable(arenas, output.Heads, output.Slots, output.Count);
    }

    private ref struct Output(int most, int newerArenas, bool isLast)
    {
        // The older table's arenas come behind the newer one's.
        private readonly Vector128<ushort> _shift = Vector128<ushort>.Zero.WithElement(MemorySlot.ArenaPart, (ushort)newerArenas);

        public readonly ulong[] Heads { get; } = isLast
            ? GC.AllocateUninitializedArray<ulong>(most)
            : ArrayPool<ulong>.Shared.Rent(most);

        public readonly MemorySlot[] Slots { get; } = isLast
            ? GC.AllocateUninitializedArray<MemorySlot>(most)
            : ArrayPool<MemorySlot>.Shared.Rent(most);

        public int Count { get; private set; }

        public void Copy(SlotTable from, int start, bool isOlder)
        {
            int count = from.Count - start;
            from.Heads.AsSpan(start, count).CopyTo(Heads.AsSpan(Count));
            from.Slots.AsSpan(start, count).CopyTo(Slots.AsSpan(Count));
            if (isOlder)
            {
                foreach (ref Vector128<ushort> slot in MemoryMarshal.Cast<MemorySlot, Vector128<ushort>>(new Span<MemorySlot>(Slots, Count, count)))
                {
                    slot += _shift;
                }
            }

            Count += count;
        }

        public void Mix(SlotTable newer, SlotTable older)
        {
            ReadOnlySpan<ulong> newHeads = newer.Heads.AsSpan(0, newer.Count);
            ReadOnlySpan<ulong> oldHeads = older.Heads.AsSpan(0, older.Count);
            ReadOnlySpan<Vector128<ushort>> newSlots = MemoryMarshal.Cast<MemorySlot, Vector128<ushort>>(newer.Slots);
            ReadOnlySpan<Vector128<ushort>> oldSlots = MemoryMarshal.Cast<MemorySlot, Vector128<ushort>>(older.Slots);
            Span<Vector128<ushort>> slots = MemoryMarshal.Cast<MemorySlot, Vector128<ushort>>(Slots.AsSpan());
            Span<ulong> heads = Heads;
            int n = 0;
            int o = 0;
            int count = Count;
            while (n < newHeads.Length && o < oldHeads.Length)
            {
                ulong a = newHeads[n];
                ulong b = oldHeads[o];
                int isOld = Unsafe.BitCast<bool, byte>(b < a);
                if (a == b)
                {
                    int order = KeyHead.CompareRests(newer.Key(n), older.Key(o));
                    isOld = order > 0 ? 1 : 0;
                    o += order == 0 ? 1 : 0;
                    b = a;
                    if (isOld == 0)
                    {
                        heads[count] = a;
                        slots[count++] = newSlots[n++];
                        continue;
                    }
                }

                heads[count] = a ^ ((a ^ b) & (ulong)-(long)isOld);
                Vector128<ushort> mask = Vector128.Create((ushort)-isOld);
                slots[count] = Vector128.ConditionalSelect(mask, oldSlots[o] + _shift, newSlots[n]);
                count++;
                o += isOld;
                n += 1 - isOld;
            }

            Count = count;
            if (n < newHeads.Length)
            {
                Copy(newer, n, isOlder: false);
            }
            else if (o < oldHeads.Length)
            {
                Copy(older, o, isOlder: true);
            }
        }
    }
}
