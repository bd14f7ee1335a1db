using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>Makes memory runs from batches and from other memory runs.</summary>
internal static class MemoryRunBuilder
{
    /// <summary>Copies a batch.</summary>
    /// <param name="batch">Checked here, entry by entry.</param>
    /// <param name="traits">The limits.</param>
    /// <exception cref="ArgumentException">Keys out of order, or something above a limit.</exception>
    public static MemoryRun FromBatch(in IndexBatch batch, IndexTraits traits)
    {
        ReadOnlySpan<IndexMutation> mutations = batch.Mutations;
        long bytes = 0;
        foreach (ref readonly IndexMutation mutation in mutations)
        {
            if (mutation.KeyLength < 1 || mutation.KeyLength > traits.MaxKeyBytes)
            {
                throw new ArgumentException($"a key has {mutation.KeyLength} bytes; 1 to {traits.MaxKeyBytes} are allowed");
            }

            bool isRemove = mutation.Operation == IndexOperation.Remove;
            if (!isRemove && mutation.Operation != IndexOperation.Set)
            {
                throw new ArgumentException($"operation {(byte)mutation.Operation} is neither set nor remove");
            }

            if (mutation.ValueLength < 0 || mutation.ValueLength > (isRemove ? 0 : traits.MaxValueBytes))
            {
                throw new ArgumentException(
                    $"a value has {mutation.ValueLength} bytes; 0 to {traits.MaxValueBytes} are allowed, 0 for a remove");
            }

            bytes += mutation.KeyLength + mutation.ValueLength;
        }

        if (bytes > Array.MaxLength)
        {
            throw new ArgumentException($"the batch has {bytes} bytes; {Array.MaxLength} are allowed");
        }

        var output = new Output((int)bytes, mutations.Length);
        ReadOnlySpan<byte> before = default;
        ulong beforeHead = 0;
        for (int i = 0; i < mutations.Length; i++)
        {
            ref readonly IndexMutation mutation = ref mutations[i];
            ReadOnlySpan<byte> key = batch.Key(in mutation);
            ulong head = KeyHead.Of(key);
            if (i > 0 && (head < beforeHead || (head == beforeHead && before.SequenceCompareTo(key) >= 0)))
            {
                throw new ArgumentException($"key {i} of the batch is not after the one before it");
            }

            output.Add(
                head, (uint)PointFilter.Hash(key), key, batch.Value(in mutation), mutation.Operation == IndexOperation.Remove);
            before = key;
            beforeHead = head;
        }

        return output.ToRun(0);
    }

    /// <summary>Merges runs; of equal keys the newest run's entry stays, tombstones included.</summary>
    /// <param name="newestFirst">At least one run.</param>
    /// <param name="level">The level of the result.</param>
    public static MemoryRun Merge(ReadOnlySpan<MemoryRun> newestFirst, int level)
    {
        long bytes = 0;
        int count = 0;
        foreach (MemoryRun run in newestFirst)
        {
            bytes += run.ArenaBytes;
            count += run.Count;
        }

        var output = new Output((int)Math.Min(bytes, Array.MaxLength), count);
        Span<int> at = stackalloc int[newestFirst.Length];
        at.Clear();
        while (true)
        {
            int best = -1;
            ulong bestHead = ulong.MaxValue;
            for (int i = 0; i < newestFirst.Length; i++)
            {
                MemoryRun run = newestFirst[i];
                if (at[i] == run.Count)
                {
                    continue;
                }

                ulong head = run.Head(at[i]);
                if (best >= 0 && head == bestHead)
                {
                    int order = KeyHead.CompareRests(run.Key(at[i]), newestFirst[best].Key(at[best]));
                    if (order == 0)
                    {
                        // An older entry of the same key.
                        at[i]++;
                        i--;
                        continue;
                    }

                    if (order > 0)
                    {
                        continue;
                    }
                }
                else if (best >= 0 && head > bestHead)
                {
                    continue;
                }

                best = i;
                bestHead = head;
            }

            if (best < 0)
            {
                return output.ToRun(level);
            }

            MemoryRun from = newestFirst[best];
            int index = at[best]++;
            output.Add(bestHead, from.Hash(index), from.Key(index), from.Value(index), from.IsTombstone(index));
        }
    }

    private ref struct Output(int bytes, int count)
    {
        private readonly byte[] _arena = GC.AllocateUninitializedArray<byte>(bytes);
        private readonly ulong[] _heads = GC.AllocateUninitializedArray<ulong>(count);
        private readonly MemoryRun.Slot[] _slots = GC.AllocateUninitializedArray<MemoryRun.Slot>(count);
        private int _used;
        private int _count;
        private int _tombstones;

        public void Add(ulong head, uint hash, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone)
        {
            _heads[_count] = head;
            _slots[_count] = new MemoryRun.Slot(
                _used, hash, (ushort)key.Length, isTombstone ? PageFormat.TombstoneLength : (ushort)value.Length);
            _count++;
            _tombstones += isTombstone ? 1 : 0;
            key.CopyTo(_arena.AsSpan(_used));
            value.CopyTo(_arena.AsSpan(_used + key.Length));
            _used += key.Length + value.Length;
        }

        public readonly MemoryRun ToRun(int level) => new(_arena, _used, _heads, _slots, _count, _tombstones, level);
    }
}
