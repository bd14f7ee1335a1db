using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>An immutable sorted array of entries in memory: one applied batch, or several merged.</summary>
/// <remarks>A search touches the array of key heads before it touches keys. Threads: any.</remarks>
internal sealed class MemoryRun
{
    /// <summary>Below this many entries a search costs no more than a filter.</summary>
    private const int FilterFrom = 64;

    private readonly ulong[] _heads;
    private readonly byte[] _filter = [];
    private readonly uint _filterBlocks;

    /// <summary>Makes a run.</summary>
    /// <param name="table">Its entries.</param>
    /// <param name="level">How many times they were merged.</param>
    public MemoryRun(SlotTable table, int level)
    {
        Table = table;
        Level = level;
        _heads = table.Heads;
        bool hasFilter = table.Count >= FilterFrom;
        if (hasFilter)
        {
            _filterBlocks = (uint)PointFilter.BlocksFor(table.Count);
            _filter = new byte[_filterBlocks * PointFilter.BlockBytes];
        }

        foreach (ref readonly MemorySlot slot in table.Slots.AsSpan(0, table.Count))
        {
            TombstoneCount += slot.IsTombstone ? 1 : 0;
            if (hasFilter)
            {
                ulong hash = Widen(slot.Hash);
                int block = (int)PointFilter.BlockOf(hash, _filterBlocks) * PointFilter.BlockBytes;
                PointFilter.Add(_filter.AsSpan(block, PointFilter.BlockBytes), hash);
            }
        }

        Bytes = table.ArenaBytes() + ((long)table.Count * (sizeof(ulong) + MemorySlot.Bytes)) + _filter.Length;
    }

    public SlotTable Table { get; }

    public int Count => Table.Count;

    public int TombstoneCount { get; }

    /// <summary>How many times its entries were merged, more or less; decides what is merged with what.</summary>
    public int Level { get; }

    /// <summary>What it holds in memory.</summary>
    public long Bytes { get; }

    public ulong Head(int index) => _heads[index];

    public ReadOnlySpan<byte> Key(int index) => Table.Key(index);

    public ReadOnlySpan<byte> Value(int index) => Table.Value(index);

    public bool IsTombstone(int index) => Table.IsTombstone(index);

    /// <summary>Finds a key.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="hash">Its <see cref="PointFilter.Hash"/>.</param>
    /// <returns>Its index, or -1.</returns>
    public int Find(ReadOnlySpan<byte> key, ulong hash)
    {
        if (_filterBlocks > 0)
        {
            ulong wide = Widen((uint)hash);
            uint block = PointFilter.BlockOf(wide, _filterBlocks);
            if (!PointFilter.MayContain(in _filter[block * PointFilter.BlockBytes], wide))
            {
                return -1;
            }
        }

        int index = LowerBound(key);
        return index < Count && Key(index).SequenceEqual(key) ? index : -1;
    }

    /// <summary>The first entry at or after a key: 0 to <see cref="Count"/>.</summary>
    public int LowerBound(ReadOnlySpan<byte> key)
    {
        ulong head = KeyHead.Of(key);
        int low = FirstHeadNotBelow(head);
        if (low == Count || _heads[low] != head)
        {
            return low;
        }

        return LowerBoundAmong(low, EndOfHead(low), key);
    }

    /// <summary>The entries from one key on and before another.</summary>
    /// <param name="start">Empty for all from the first on.</param>
    /// <param name="end">Behind <paramref name="start"/>; empty for all to the last.</param>
    /// <returns>The first, and the one after the last; equal when there are none.</returns>
    public (int Low, int High) Between(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        ulong head = KeyHead.Of(start);
        if (end.IsEmpty || KeyHead.Of(end) != head)
        {
            return (LowerBound(start), end.IsEmpty ? Count : LowerBound(end));
        }

        // Both bounds fall among the keys of one head, as they do for what one author wrote: mostly all of them, or none.
        int first = FirstHeadNotBelow(head);
        if (first == Count || _heads[first] != head)
        {
            return (first, first);
        }

        int after = EndOfHead(first);
        int low = KeyHead.CompareRests(Key(first), start) >= 0 ? first : LowerBoundAmong(first + 1, after, start);
        int high = KeyHead.CompareRests(Key(after - 1), end) < 0 ? after : LowerBoundAmong(low, after - 1, end);
        return (low, high);
    }

    /// <summary>The entry after those with the same head as one; heads next to it are looked at first.</summary>
    private int EndOfHead(int first)
    {
        ulong head = _heads[first];
        int step = 1;
        while (first + step < Count && _heads[first + step] == head)
        {
            step *= 2;
        }

        int low = first + (step / 2);
        int high = Math.Min(first + step, Count);
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (_heads[middle] == head)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>The first entry at or after a key, between two among those of the key's head.</summary>
    private int LowerBoundAmong(int low, int high, ReadOnlySpan<byte> key)
    {
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            if (KeyHead.CompareRests(Key(middle), key) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    /// <summary>A filter hash from the 32 bits that are kept of it.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Widen(uint hash) => (hash * 0x9E3779B97F4A7C15) ^ hash;

    private int FirstHeadNotBelow(ulong head)
    {
        ReadOnlySpan<ulong> heads = _heads.AsSpan(0, Count);
        int low = 0;
        int n = heads.Length;
        if (n == 0)
        {
            return 0;
        }

        while (n > 1)
        {
            int half = n >> 1;
            low += half & -Unsafe.BitCast<bool, byte>(heads[low + half - 1] < head);
            n -= half;
        }

        return low + Unsafe.BitCast<bool, byte>(heads[low] < head);
    }
}
