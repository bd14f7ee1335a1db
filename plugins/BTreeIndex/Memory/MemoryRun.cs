using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>An immutable sorted array of entries in memory: one applied batch, or several merged.</summary>
/// <remarks>Keys and values lie in one buffer in key order; a search touches the array of key heads before it touches
/// keys. Threads: any.</remarks>
internal sealed class MemoryRun
{
    /// <summary>Below this many entries a search costs no more than a filter.</summary>
    private const int FilterFrom = 64;

    private readonly byte[] _arena;
    private readonly ulong[] _heads;
    private readonly Slot[] _slots;
    private readonly byte[] _filter;
    private readonly uint _filterBlocks;

    internal MemoryRun(byte[] arena, int arenaBytes, ulong[] heads, Slot[] slots, int count, int tombstones, int level)
    {
        _arena = arena;
        _heads = heads;
        _slots = slots;
        Count = count;
        TombstoneCount = tombstones;
        Level = level;
        ArenaBytes = arenaBytes;
        Bytes = arenaBytes + ((long)count * (sizeof(ulong) + Slot.Bytes));
        _filter = [];
        if (count >= FilterFrom)
        {
            _filterBlocks = (uint)PointFilter.BlocksFor(count);
            _filter = new byte[_filterBlocks * PointFilter.BlockBytes];
            for (int i = 0; i < count; i++)
            {
                ulong hash = Widen(slots[i].Hash);
                int block = (int)PointFilter.BlockOf(hash, _filterBlocks) * PointFilter.BlockBytes;
                PointFilter.Add(_filter.AsSpan(block, PointFilter.BlockBytes), hash);
            }

            Bytes += _filter.Length;
        }
    }

    public int Count { get; }

    public int TombstoneCount { get; }

    /// <summary>How many times its entries were merged, more or less; decides what is merged with what.</summary>
    public int Level { get; }

    /// <summary>Bytes of keys and values.</summary>
    public int ArenaBytes { get; }

    /// <summary>What it holds in memory.</summary>
    public long Bytes { get; }

    public ulong Head(int index) => _heads[index];

    public uint Hash(int index) => _slots[index].Hash;

    public ReadOnlySpan<byte> Key(int index)
    {
        ref readonly Slot slot = ref _slots[index];
        return _arena.AsSpan(slot.Offset, slot.KeyLength);
    }

    public ReadOnlySpan<byte> Value(int index)
    {
        ref readonly Slot slot = ref _slots[index];
        return slot.ValueLength == PageFormat.TombstoneLength
            ? default
            : _arena.AsSpan(slot.Offset + slot.KeyLength, slot.ValueLength);
    }

    public bool IsTombstone(int index) => _slots[index].ValueLength == PageFormat.TombstoneLength;

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

        int high = head == ulong.MaxValue ? Count : FirstHeadNotBelow(head + 1);
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

    /// <summary>Where an entry is: its key at the offset in the arena, its value behind it.</summary>
    internal readonly record struct Slot(int Offset, uint Hash, ushort KeyLength, ushort ValueLength)
    {
        public const int Bytes = 12;
    }
}
