using System.Buffers.Binary;
using System.Numerics;

namespace Mortise.Engine;

/// <summary>Sorts byte keys, eight bytes at a time, so that keys with long common prefixes are compared once, not at
/// every step.</summary>
/// <remarks>
/// Stable: equal keys keep their order. Keys are taken as big-endian numbers of eight bytes, zeros behind their end; a
/// group of equal numbers is sorted by the eight bytes behind them. Large groups by radix: by as many of the bytes in which
/// they differ as tell most of them apart, the most significant ones, and what those leave alike once more; small ones by
/// insertion.
/// Source: Bentley and Sedgewick, "Fast algorithms for sorting and searching strings", SODA 1997; Knuth, The Art of
/// Computer Programming 3, 5.2.5.
/// </remarks>
internal ref struct KeySort
{
    private const int HeadBytes = sizeof(ulong);
    private const int InsertBelow = 24;
    private const int RadixFrom = 256;
    private const int SpareBits = 4;

    private readonly ReadOnlySpan<byte> _arena;
    private readonly ReadOnlySpan<Key> _keys;
    private readonly Span<Item> _scratch;
    private readonly int _longest;

    private KeySort(ReadOnlySpan<byte> arena, ReadOnlySpan<Key> keys, Span<Item> scratch, int longest)
    {
        _arena = arena;
        _keys = keys;
        _scratch = scratch;
        _longest = longest;
    }

    /// <summary>Sorts.</summary>
    /// <param name="arena">Where the keys' bytes are.</param>
    /// <param name="keys">The keys.</param>
    /// <param name="items">Receives the order: <see cref="Item.Index"/> of each is the number of a key. As many as
    /// keys.</param>
    /// <param name="scratch">As many again, for the work.</param>
    public static void Sort(ReadOnlySpan<byte> arena, ReadOnlySpan<Key> keys, Span<Item> items, Span<Item> scratch)
    {
        int longest = 0;
        foreach (ref readonly Key key in keys)
        {
            longest = Math.Max(longest, key.Length);
        }

        var sort = new KeySort(arena, keys, scratch, longest);
        for (int i = 0; i < keys.Length; i++)
        {
            items[i] = new Item(sort.Head(i, 0), i);
        }

        sort.Sort(items, 0);
    }

    /// <summary>Eight bytes of a key as a number, zeros behind its end.</summary>
    private readonly ulong Head(int index, int depth)
    {
        ref readonly Key key = ref _keys[index];
        int left = key.Length - depth;
        if (left >= HeadBytes)
        {
            return BinaryPrimitives.ReadUInt64BigEndian(_arena.Slice(key.Offset + depth, HeadBytes));
        }

        ulong head = 0;
        for (int i = 0; i < left; i++)
        {
            head |= (ulong)_arena[key.Offset + depth + i] << (56 - (8 * i));
        }

        return head;
    }

    /// <summary>Sorts items whose keys agree up to a depth and whose heads are the bytes there.</summary>
    private readonly void Sort(Span<Item> items, int depth)
    {
        while (items.Length > 1)
        {
            if (items.Length < InsertBelow)
            {
                Insert(items, depth);
                return;
            }

            ulong varying = 0;
            foreach (ref readonly Item item in items)
            {
                varying |= item.Head ^ items[0].Head;
            }

            if (varying != 0)
            {
                SortByHead(items, varying);
                SortGroups(items, depth);
                return;
            }

            depth += HeadBytes;
            if (depth >= _longest)
            {
                SortByLength(items);
                return;
            }

            Reload(items, depth);
        }
    }

    /// <summary>Sorts keys that are alike but for zeros at the end: the shorter one is less.</summary>
    private readonly void SortByLength(Span<Item> items)
    {
        ulong varying = 0;
        foreach (ref Item item in items)
        {
            item = new Item((ulong)_keys[item.Index].Length, item.Index);
            varying |= item.Head ^ items[0].Head;
        }

        // Keys that are alike in their lengths too are one key, in order of arrival already.
        if (varying != 0)
        {
            SortByHead(items, varying);
        }
    }

    /// <param name="items">Items.</param>
    /// <param name="varying">The bits in which their heads differ; at least one.</param>
    private readonly void SortByHead(Span<Item> items, ulong varying)
    {
        if (items.Length < RadixFrom)
        {
            items.Sort();
            return;
        }

        // Random heads are told apart by a few bits more than it takes to number them.
        int wanted = (BitOperations.Log2((uint)items.Length) + SpareBits + 7) / 8;
        Span<int> shifts = stackalloc int[sizeof(ulong)];
        int count = 0;
        for (int shift = 56; shift >= 0 && count < wanted; shift -= 8)
        {
            if ((byte)(varying >> shift) != 0)
            {
                shifts[count++] = shift;
            }
        }

        SortByBytes(items, shifts[..count]);
        ulong left = varying & ((1UL << shifts[count - 1]) - 1);
        if (left != 0)
        {
            SortTies(items, shifts[count - 1]);
        }
    }

    /// <summary>Sorts by some bytes of the heads; items that agree in them keep their order.</summary>
    /// <param name="items">At least one.</param>
    /// <param name="shifts">Where the bytes are, the most significant first.</param>
    private readonly void SortByBytes(Span<Item> items, ReadOnlySpan<int> shifts)
    {
        Span<int> starts = stackalloc int[256];
        Span<Item> from = items;
        Span<Item> to = _scratch[..items.Length];
        for (int i = shifts.Length - 1; i >= 0; i--)
        {
            int shift = shifts[i];
            starts.Clear();
            foreach (ref readonly Item item in from)
            {
                starts[(byte)(item.Head >> shift)]++;
            }

            int at = 0;
            foreach (ref int start in starts)
            {
                (start, at) = (at, at + start);
            }

            foreach (ref readonly Item item in from)
            {
                to[starts[(byte)(item.Head >> shift)]++] = item;
            }

            Span<Item> swap = from;
            from = to;
            to = swap;
        }

        if (from != items)
        {
            from.CopyTo(items);
        }
    }

    /// <summary>Sorts neighbours whose heads agree from a bit on by the bits below it.</summary>
    private readonly void SortTies(Span<Item> items, int shift)
    {
        int start = 0;
        for (int i = 1; i <= items.Length; i++)
        {
            if (i < items.Length && items[i].Head >> shift == items[start].Head >> shift)
            {
                continue;
            }

            if (i - start > 1)
            {
                SortTied(items[start..i]);
            }

            start = i;
        }
    }

    private readonly void SortTied(Span<Item> ties)
    {
        if (ties.Length < InsertBelow)
        {
            InsertByHead(ties);
            return;
        }

        ulong varying = 0;
        foreach (ref readonly Item item in ties)
        {
            varying |= item.Head ^ ties[0].Head;
        }

        if (varying != 0)
        {
            SortByHead(ties, varying);
        }
    }

    private static void InsertByHead(Span<Item> items)
    {
        for (int i = 1; i < items.Length; i++)
        {
            Item item = items[i];
            int at = i;
            for (; at > 0 && item.Head < items[at - 1].Head; at--)
            {
                items[at] = items[at - 1];
            }

            items[at] = item;
        }
    }

    private readonly void SortGroups(Span<Item> items, int depth)
    {
        int start = 0;
        for (int i = 1; i <= items.Length; i++)
        {
            if (i < items.Length && items[i].Head == items[start].Head)
            {
                continue;
            }

            if (i - start > 1)
            {
                Span<Item> group = items[start..i];
                Reload(group, depth + HeadBytes);
                Sort(group, depth + HeadBytes);
            }

            start = i;
        }
    }

    private readonly void Reload(Span<Item> items, int depth)
    {
        foreach (ref Item item in items)
        {
            item = new Item(Head(item.Index, depth), item.Index);
        }
    }

    private readonly void Insert(Span<Item> items, int depth)
    {
        for (int i = 1; i < items.Length; i++)
        {
            Item item = items[i];
            int at = i;
            while (at > 0 && IsBefore(in item, in items[at - 1], depth))
            {
                items[at] = items[at - 1];
                at--;
            }

            items[at] = item;
        }
    }

    private readonly bool IsBefore(in Item a, in Item b, int depth)
    {
        if (a.Head != b.Head)
        {
            return a.Head < b.Head;
        }

        int order = Rest(a.Index, depth).SequenceCompareTo(Rest(b.Index, depth));
        if (order == 0)
        {
            // Both may have ended before this depth, with unlike numbers of zeros.
            order = _keys[a.Index].Length.CompareTo(_keys[b.Index].Length);
        }

        return order != 0 ? order < 0 : a.Index < b.Index;
    }

    private readonly ReadOnlySpan<byte> Rest(int index, int depth)
    {
        ref readonly Key key = ref _keys[index];
        return depth >= key.Length ? default : _arena.Slice(key.Offset + depth, key.Length - depth);
    }

    /// <summary>Where a key is.</summary>
    /// <param name="Offset">In the arena.</param>
    /// <param name="Length">Bytes.</param>
    public readonly record struct Key(int Offset, int Length);

    /// <summary>A key on its way.</summary>
    /// <param name="Head">Eight of its bytes.</param>
    /// <param name="Index">Its number.</param>
    public readonly record struct Item(ulong Head, int Index) : IComparable<Item>
    {
        /// <summary>By head; of equal heads the one that came first.</summary>
        public int CompareTo(Item other) =>
            Head != other.Head ? (Head < other.Head ? -1 : 1) : Index.CompareTo(other.Index);
    }
}
