using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>Gathers changes into a sorted batch.</summary>
internal sealed class BatchMaker
{
    private readonly SortedDictionary<byte[], byte[]?> _changes = new(KeyOrder.Instance);

    public int Count => _changes.Count;

    public IEnumerable<KeyValuePair<byte[], byte[]?>> Changes => _changes;

    public BatchMaker Set(byte[] key, byte[] value)
    {
        _changes[key] = value;
        return this;
    }

    public BatchMaker Remove(byte[] key)
    {
        _changes[key] = null;
        return this;
    }

    public void ApplyTo(IIndexFamily index, ulong lsn)
    {
        List<byte> arena = [];
        List<IndexMutation> mutations = [];
        foreach ((byte[] key, byte[]? value) in _changes)
        {
            mutations.Add(new IndexMutation(
                value is null ? IndexOperation.Remove : IndexOperation.Set,
                arena.Count,
                key.Length,
                arena.Count + key.Length,
                value?.Length ?? 0));
            arena.AddRange(key);
            arena.AddRange(value ?? []);
        }

        index.Apply(new IndexBatch(new Lsn(lsn), arena.ToArray(), mutations.ToArray()));
    }
}
