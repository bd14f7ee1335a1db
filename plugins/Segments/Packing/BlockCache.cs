using System.Runtime.CompilerServices;
using Mortise.Caching;

namespace Mortise.Segments;

/// <summary>Decompressed blocks that are kept within the instance's share of the memory budget.</summary>
/// <remarks>
/// <para>A hit takes the lock of one shard of the table only; it is noted in a small buffer that may lose some, and told
/// to the policy many at once. Blocks are plain arrays: a reader that still uses one that was dropped keeps it alive.</para>
/// <para>Threads: any.</para>
/// </remarks>
internal sealed class BlockCache(ICacheGrant grant)
{
    private const int HitsPerBatch = 64;

    private readonly System.Collections.Concurrent.ConcurrentDictionary<Key, Kept> _kept = new();
    private readonly ICachePolicy _policy = grant.CreatePolicy();
    private readonly Lock _gate = new();
    private readonly Stack<int> _freeSlots = new();
    private readonly List<Key> _keysBySlot = [];
    private readonly CacheSlot[] _hits = new CacheSlot[HitsPerBatch];
    private int _hitCount;
    private long _misses;

    /// <summary>The frames of a block, or null.</summary>
    public byte[]? Find(PackedBlocks owner, int index)
    {
        if (!_kept.TryGetValue(new Key(owner, index), out Kept kept))
        {
            return null;
        }

        int at = Interlocked.Increment(ref _hitCount) - 1;
        if (at < HitsPerBatch)
        {
            _hits[at] = new CacheSlot(kept.Slot);
        }
        else if (_gate.TryEnter())
        {
            try
            {
                _policy.Touch(_hits);
                grant.Report(HitsPerBatch, 0, _policy.WeightBytes);
                Volatile.Write(ref _hitCount, 0);
            }
            finally
            {
                _gate.Exit();
            }
        }

        return kept.Image;
    }

    /// <summary>Keeps a block that was not found. The array must not change any more.</summary>
    public void Keep(PackedBlocks owner, int index, byte[] image)
    {
        var key = new Key(owner, index);
        lock (_gate)
        {
            _misses++;
            if (grant.TargetBytes != _policy.CapacityBytes)
            {
                _policy.Resize(grant.TargetBytes);
            }

            if (!_kept.ContainsKey(key))
            {
                int slot = TakeSlot(key);
                _kept[key] = new Kept(image, slot);
                _policy.Insert(new CacheSlot(slot), key.Hash, image.Length);
            }

            while (_policy.TryEvict(out CacheSlot victim))
            {
                Drop(victim.Index);
            }

            if (_misses == HitsPerBatch)
            {
                grant.Report(0, _misses, _policy.WeightBytes);
                _misses = 0;
            }
        }
    }

    /// <summary>Drops all blocks of a segment that is closed.</summary>
    public void Forget(PackedBlocks owner)
    {
        lock (_gate)
        {
            for (int index = owner.Entries.Length - 1; index >= 0; index--)
            {
                if (_kept.TryGetValue(new Key(owner, index), out Kept kept))
                {
                    _policy.Remove(new CacheSlot(kept.Slot));
                    Drop(kept.Slot);
                }
            }
        }
    }

    private int TakeSlot(Key key)
    {
        if (_freeSlots.TryPop(out int slot))
        {
            _keysBySlot[slot] = key;
            return slot;
        }

        _keysBySlot.Add(key);
        return _keysBySlot.Count - 1;
    }

    private void Drop(int slot)
    {
        _kept.TryRemove(_keysBySlot[slot], out _);
        _keysBySlot[slot] = default;
        _freeSlots.Push(slot);
    }

    private readonly record struct Kept(byte[] Image, int Slot);

    private readonly struct Key(PackedBlocks owner, int index) : IEquatable<Key>
    {
        public ulong Hash => ((ulong)(uint)RuntimeHelpers.GetHashCode(owner) << 32) | (uint)index;

        private PackedBlocks Owner => owner;

        private int Index => index;

        public bool Equals(Key other) => ReferenceEquals(owner, other.Owner) && index == other.Index;

        public override bool Equals(object? obj) => obj is Key other && Equals(other);

        public override int GetHashCode() => HashCode.Combine(RuntimeHelpers.GetHashCode(owner), index);
    }
}
