using System.Collections.Immutable;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>The changes of one batch, and the oracle that they are applied to.</summary>
internal sealed class IndexChanges
{
    private const byte Spent = 0xCC;

    public static ImmutableSortedDictionary<byte[], byte[]> Empty { get; } =
        ImmutableSortedDictionary.Create<byte[], byte[]>(KeyOrder.Instance);

    /// <summary>Key to new value, or null for a removal; in the order of the contract.</summary>
    public SortedDictionary<byte[], byte[]?> Changes { get; } = new(KeyOrder.Instance);

    /// <summary>A random batch over a small space of keys, so that changes meet.</summary>
    public static IndexChanges Random(int seed, int count, int space = 400)
    {
        Random random = new(seed);
        IndexChanges changes = new();
        for (int i = 0; i < count; i++)
        {
            byte[] key = Key(random.Next(space));
            byte[]? value = random.Next(4) == 0
                ? null
                : new byte[random.Next(8) == 0 ? random.Next(200) : random.Next(12)];
            if (value is not null)
            {
                random.NextBytes(value);
            }

            changes.Changes[key] = value;
        }

        return changes;
    }

    /// <summary>A key of hostile shape: shared prefixes, prefixes of each other, 0x00 and 0xFF at the ends.</summary>
    public static byte[] Key(int number) => (number % 7) switch
    {
        0 => [(byte)(number >> 8), (byte)number],
        1 => [(byte)(number >> 8), (byte)number, 0x00],
        2 => [(byte)(number >> 8), (byte)number, 0xFF],
        3 => [0xFF, 0xFF, (byte)(number >> 8), (byte)number],
        4 => [0x00, (byte)(number >> 8), (byte)number],
        5 => [.. "the same long prefix that many keys share:"u8, (byte)(number >> 8), (byte)number],
        _ => [.. "the same long prefix that many keys share:"u8, (byte)(number >> 8), (byte)number, 0x00, 0xFF, 0x80],
    };

    /// <summary>Applies the batch, and overwrites the buffers that it was handed in.</summary>
    public void ApplyTo(IIndexFamily index, Lsn lsn)
    {
        List<byte> bytes = [];
        List<IndexMutation> mutations = [];
        foreach ((byte[] key, byte[]? value) in Changes)
        {
            int keyOffset = bytes.Count;
            bytes.AddRange(key);
            int valueOffset = bytes.Count;
            bytes.AddRange(value ?? []);
            mutations.Add(new IndexMutation(
                value is null ? IndexOperation.Remove : IndexOperation.Set, keyOffset, key.Length, valueOffset,
                value?.Length ?? 0));
        }

        byte[] arena = [.. bytes];
        IndexMutation[] given = [.. mutations];
        index.Apply(new IndexBatch(lsn, arena, given));
        arena.AsSpan().Fill(Spent);
        Array.Clear(given);
    }

    public ImmutableSortedDictionary<byte[], byte[]> ApplyTo(ImmutableSortedDictionary<byte[], byte[]> state)
    {
        ImmutableSortedDictionary<byte[], byte[]>.Builder next = state.ToBuilder();
        foreach ((byte[] key, byte[]? value) in Changes)
        {
            if (value is null)
            {
                next.Remove(key);
            }
            else
            {
                next[key] = value;
            }
        }

        return next.ToImmutable();
    }
}

/// <summary>The order of the contract.</summary>
internal sealed class KeyOrder : IComparer<byte[]>
{
    public static KeyOrder Instance { get; } = new();

    public int Compare(byte[]? x, byte[]? y) => x.AsSpan().SequenceCompareTo(y);
}
