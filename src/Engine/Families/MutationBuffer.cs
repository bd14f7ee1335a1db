using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Gathers the changes of one partition over a group of commits, then applies them as one sorted batch.</summary>
/// <remarks>Of several changes of one key the last one counts: mutations are absolute, so the earlier ones would be
/// overwritten anyway. Threads: the store's writer only.</remarks>
internal sealed class MutationBuffer
{
    private byte[] _arena = [];
    private byte[] _sortedArena = [];
    private KeySort.Key[] _keys = [];
    private Value[] _values = [];
    private KeySort.Item[] _order = [];
    private IndexMutation[] _sorted = [];
    private int _used;
    private int _count;

    public int Count => _count;

    public int Bytes => _used;

    /// <summary>Adds a change.</summary>
    /// <param name="operation">Set or remove.</param>
    /// <param name="key">The key's first part.</param>
    /// <param name="keyTail">The key's second part; may be empty.</param>
    /// <param name="value">The value's first part; empty for a remove.</param>
    /// <param name="valueTail">The value's second part; may be empty.</param>
    public void Add(
        IndexOperation operation,
        ReadOnlySpan<byte> key,
        ReadOnlySpan<byte> keyTail,
        ReadOnlySpan<byte> value,
        ReadOnlySpan<byte> valueTail)
    {
        int keyLength = key.Length + keyTail.Length;
        int valueLength = value.Length + valueTail.Length;
        Reserve(keyLength + valueLength);
        Span<byte> to = _arena.AsSpan(_used);
        key.CopyTo(to);
        keyTail.CopyTo(to[key.Length..]);
        value.CopyTo(to[keyLength..]);
        valueTail.CopyTo(to[(keyLength + value.Length)..]);
        _keys[_count] = new KeySort.Key(_used, keyLength);
        _values[_count] = new Value(valueLength, operation);
        _count++;
        _used += keyLength + valueLength;
    }

    /// <summary>Applies everything gathered and forgets it.</summary>
    public void ApplyTo(IIndexFamily index, Lsn lsn)
    {
        if (_sorted.Length < _count)
        {
            _sorted = new IndexMutation[_keys.Length];
            _order = new KeySort.Item[2 * _keys.Length];
        }

        if (_sortedArena.Length < _used)
        {
            _sortedArena = GC.AllocateUninitializedArray<byte>(_arena.Length);
        }

        Span<KeySort.Item> order = _order.AsSpan(0, _count);
        KeySort.Sort(_arena, _keys.AsSpan(0, _count), order, _order.AsSpan(_count, _count));
        int kept = 0;
        int end = 0;
        ReadOnlySpan<byte> last = default;
        foreach (ref readonly KeySort.Item item in order)
        {
            // Each entry is fetched once, from wherever it is; what is done with it from here on is done in order.
            KeySort.Key key = _keys[item.Index];
            Value value = _values[item.Index];
            ReadOnlySpan<byte> entry = _arena.AsSpan(key.Offset, key.Length + value.Length);
            if (kept > 0 && entry[..key.Length].SequenceEqual(last))
            {
                // Of equal keys, which keep their order of arrival, the last one counts.
                end = _sorted[--kept].KeyOffset;
            }

            entry.CopyTo(_sortedArena.AsSpan(end));
            last = _sortedArena.AsSpan(end, key.Length);
            _sorted[kept++] = new IndexMutation(value.Operation, end, key.Length, end + key.Length, value.Length);
            end += entry.Length;
        }

        index.Apply(new IndexBatch(lsn, _sortedArena.AsSpan(0, end), _sorted.AsSpan(0, kept)));
        Clear();
    }

    public void Clear()
    {
        _count = 0;
        _used = 0;
    }

    private void Reserve(int bytes)
    {
        if (_arena.Length - _used < bytes)
        {
            Array.Resize(ref _arena, checked((int)Math.Min(Array.MaxLength, Math.Max((_arena.Length * 2L) + 4096, (long)_used + bytes))));
        }

        if (_keys.Length == _count)
        {
            Array.Resize(ref _keys, Math.Max(64, _count * 2));
            Array.Resize(ref _values, _keys.Length);
        }
    }

    /// <summary>What a change does; the value lies behind the key in the arena.</summary>
    /// <param name="Length">Bytes of the value.</param>
    /// <param name="Operation">Set or remove.</param>
    private readonly record struct Value(int Length, IndexOperation Operation);
}
