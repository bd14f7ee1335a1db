using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>Makes memory runs from batches and from other memory runs.</summary>
internal static class MemoryRunBuilder
{
    /// <summary>Entries in buffers smaller than this on average are gathered into one when they are merged.</summary>
    private const long LeastArenaBytes = 16 << 10;

    /// <summary>So are those in more buffers than this.</summary>
    private const int MostArenas = 4096;

    /// <summary>Copies a batch.</summary>
    /// <param name="batch">Checked here, entry by entry.</param>
    /// <param name="traits">The limits.</param>
    /// <exception cref="ArgumentException">Keys out of order, or something above a limit.</exception>
    public static MemoryRun FromBatch(in IndexBatch batch, IndexTraits traits)
    {
        ReadOnlySpan<IndexMutation> mutations = batch.Mutations;
        long bytes = 0;
        bool isInOrder = true;
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

            isInOrder &= mutation.KeyOffset == bytes
                && (mutation.ValueLength == 0 || mutation.ValueOffset == bytes + mutation.KeyLength);
            bytes += mutation.KeyLength + mutation.ValueLength;
        }

        if (bytes > Array.MaxLength)
        {
            throw new ArgumentException($"the batch has {bytes} bytes; {Array.MaxLength} are allowed");
        }

        // The usual arena holds each key and its value in order, and nothing else.
        bool isPacked = isInOrder && bytes == batch.Arena.Length;
        byte[] arena = GC.AllocateUninitializedArray<byte>((int)bytes);
        if (isPacked)
        {
            batch.Arena.CopyTo(arena);
        }

        ulong[] heads = GC.AllocateUninitializedArray<ulong>(mutations.Length);
        MemorySlot[] slots = GC.AllocateUninitializedArray<MemorySlot>(mutations.Length);
        ReadOnlySpan<byte> before = default;
        ulong beforeHead = 0;
        int used = 0;
        for (int i = 0; i < mutations.Length; i++)
        {
            ref readonly IndexMutation mutation = ref mutations[i];
            ReadOnlySpan<byte> key = batch.Key(in mutation);
            ulong head = KeyHead.Of(key);
            if (i > 0 && (head < beforeHead || (head == beforeHead && before.SequenceCompareTo(key) >= 0)))
            {
                throw new ArgumentException($"key {i} of the batch is not after the one before it");
            }

            bool isRemove = mutation.Operation == IndexOperation.Remove;
            heads[i] = head;
            slots[i] = new MemorySlot(
                used,
                (uint)PointFilter.Hash(key),
                0,
                (ushort)key.Length,
                isRemove ? PageFormat.TombstoneLength : (ushort)mutation.ValueLength);
            if (!isPacked)
            {
                key.CopyTo(arena.AsSpan(used));
                batch.Value(in mutation).CopyTo(arena.AsSpan(used + key.Length));
            }

            used += key.Length + mutation.ValueLength;
            before = key;
            beforeHead = head;
        }

        return new MemoryRun(new SlotTable([arena], heads, slots, mutations.Length), 0);
    }

    /// <summary>Merges runs; of equal keys the newest run's entry stays, tombstones included.</summary>
    /// <param name="newestFirst">At least one run, none of them empty.</param>
    /// <param name="level">The level of the result.</param>
    public static MemoryRun Merge(ReadOnlySpan<MemoryRun> newestFirst, int level)
    {
        SlotTable merged = MergeTables(newestFirst);
        long entryBytes = merged.EntryBytes();
        long arenaBytes = merged.ArenaBytes();
        bool isScattered = arenaBytes < merged.Arenas.Length * LeastArenaBytes || merged.Arenas.Length > MostArenas;
        bool isHollow = entryBytes < arenaBytes - (arenaBytes / 4);
        return new MemoryRun((isScattered || isHollow) && entryBytes <= Array.MaxLength ? merged.Gather() : merged, level);
    }

    /// <summary>Merges the entries of runs, and leaves them where they are.</summary>
    /// <param name="newestFirst">At least one run, none of them empty.</param>
    public static SlotTable MergeTables(ReadOnlySpan<MemoryRun> newestFirst)
    {
        SlotTable[] tables = new SlotTable[newestFirst.Length];
        for (int i = 0; i < tables.Length; i++)
        {
            tables[i] = newestFirst[i].Table;
        }

        return SlotMerge.Merge(tables);
    }
}
