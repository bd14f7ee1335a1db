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
    /// <summary>So many entries ahead keys are fetched while heads are equal, which they mostly are for long: the entries of
    /// one author, or with one tag. The buffers that they are in are read by turns, so nothing else foresees them.</summary>
    private const int PrefetchDistance = 6;

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
            output.Copy(newer, 0, newer.Count, isOlder: false);
            output.Copy(older, 0, older.Count, isOlder: true);
        }
        else if (older.Heads[older.Count - 1] < newer.Heads[0])
        {
            output.Copy(older, 0, older.Count, isOlder: true);
            output.Copy(newer, 0, newer.Count, isOlder: false);
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

        public void Copy(SlotTable from, int start, int end, bool isOlder)
        {
            int count = end - start;
            from.Heads.AsSpan(start, count).CopyTo(Heads.AsSpan(Count));
            from.Slots.AsSpan(start, count).CopyTo(Slots.AsSpan(Count));
            if (isOlder)
            {
                Span<MemorySlot> copied = new(Slots, Count, count);
                foreach (ref Vector128<ushort> slot in MemoryMarshal.Cast<MemorySlot, Vector128<ushort>>(copied))
                {
                    slot += _shift;
                }
            }

            Count += count;
        }

        /// <summary>Merges from both ends at once: a step waits for the one before it, and so the two for half as many each.</summary>
        /// <remarks>Without bounds checks: <c>n</c> and <c>newEnd</c> stay in the newer table, <c>o</c> and <c>oldEnd</c>
        /// in the older, and each step writes one entry of those between them, for which there is room between
        /// <c>count</c> and <c>end</c>.</remarks>
        public void Mix(SlotTable newer, SlotTable older)
        {
            ref ulong newHeads = ref MemoryMarshal.GetArrayDataReference(newer.Heads);
            ref ulong oldHeads = ref MemoryMarshal.GetArrayDataReference(older.Heads);
            ref ulong heads = ref MemoryMarshal.GetArrayDataReference(Heads);
            ref Vector128<ushort> newSlots = ref SlotsOf(newer.Slots);
            ref Vector128<ushort> oldSlots = ref SlotsOf(older.Slots);
            ref Vector128<ushort> slots = ref SlotsOf(Slots);
            int n = 0;
            int o = 0;
            int newEnd = newer.Count;
            int oldEnd = older.Count;
            int count = Count;
            int all = count + newEnd + oldEnd;
            int end = all;
            while (newEnd - n > 1 && oldEnd - o > 1)
            {
                ulong a = Unsafe.Add(ref newHeads, n);
                ulong b = Unsafe.Add(ref oldHeads, o);
                int isOld = Unsafe.BitCast<bool, byte>(b < a);
                if (a == b)
                {
                    newer.Prefetch(n + PrefetchDistance);
                    older.Prefetch(o + PrefetchDistance);
                    int order = KeyHead.CompareRests(newer.Key(n), older.Key(o));
                    if (order == 0)
                    {
                        o++;
                        continue;
                    }

                    isOld = order > 0 ? 1 : 0;
                }

                Unsafe.Add(ref heads, count) = a ^ ((a ^ b) & (ulong)-(long)isOld);
                Unsafe.Add(ref slots, count) = Vector128.ConditionalSelect(
                    Vector128.Create((ushort)-isOld), Unsafe.Add(ref oldSlots, o) + _shift, Unsafe.Add(ref newSlots, n));
                count++;
                o += isOld;
                n += 1 - isOld;

                a = Unsafe.Add(ref newHeads, newEnd - 1);
                b = Unsafe.Add(ref oldHeads, oldEnd - 1);
                isOld = Unsafe.BitCast<bool, byte>(b > a);
                if (a == b)
                {
                    newer.Prefetch(newEnd - PrefetchDistance);
                    older.Prefetch(oldEnd - PrefetchDistance);
                    int order = KeyHead.CompareRests(newer.Key(newEnd - 1), older.Key(oldEnd - 1));
                    if (order == 0)
                    {
                        oldEnd--;
                        continue;
                    }

                    isOld = order < 0 ? 1 : 0;
                }

                end--;
                Unsafe.Add(ref heads, end) = a ^ ((a ^ b) & (ulong)-(long)isOld);
                Unsafe.Add(ref slots, end) = Vector128.ConditionalSelect(
                    Vector128.Create((ushort)-isOld),
                    Unsafe.Add(ref oldSlots, oldEnd - 1) + _shift,
                    Unsafe.Add(ref newSlots, newEnd - 1));
                oldEnd -= isOld;
                newEnd -= 1 - isOld;
            }

            Count = count;
            MixRest(newer, n, newEnd, older, o, oldEnd);

            // Entries that were dropped left a gap before what was written from the end.
            if (Count < end)
            {
                Array.Copy(Heads, end, Heads, Count, all - end);
                Array.Copy(Slots, end, Slots, Count, all - end);
            }

            Count += all - end;
        }

        /// <summary>Merges parts of two tables, one of which has one entry at most.</summary>
        private void MixRest(SlotTable newer, int n, int newEnd, SlotTable older, int o, int oldEnd)
        {
            if (newEnd - n == 1)
            {
                int at = PlaceOf(newer, n, older, o, oldEnd, out bool isEqual);
                Copy(older, o, at, isOlder: true);
                Copy(newer, n, newEnd, isOlder: false);
                Copy(older, isEqual ? at + 1 : at, oldEnd, isOlder: true);
            }
            else if (oldEnd - o == 1)
            {
                int at = PlaceOf(older, o, newer, n, newEnd, out bool isEqual);
                Copy(newer, n, at, isOlder: false);
                Copy(older, o, isEqual ? o : oldEnd, isOlder: true);
                Copy(newer, at, newEnd, isOlder: false);
            }
            else
            {
                Copy(newer, n, newEnd, isOlder: false);
                Copy(older, o, oldEnd, isOlder: true);
            }
        }

        /// <summary>Where among some entries of a table the first is that is not below an entry of another.</summary>
        private static int PlaceOf(SlotTable of, int index, SlotTable among, int low, int high, out bool isEqual)
        {
            isEqual = false;
            while (low < high)
            {
                int middle = (int)((uint)(low + high) >> 1);
                int order = among.Heads[middle].CompareTo(of.Heads[index]);
                order = order == 0 ? KeyHead.CompareRests(among.Key(middle), of.Key(index)) : order;
                if (order < 0)
                {
                    low = middle + 1;
                }
                else
                {
                    isEqual |= order == 0;
                    high = middle;
                }
            }

            return low;
        }

        private static ref Vector128<ushort> SlotsOf(MemorySlot[] slots) =>
            ref Unsafe.As<MemorySlot, Vector128<ushort>>(ref MemoryMarshal.GetArrayDataReference(slots));
    }
}
