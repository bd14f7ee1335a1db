using System.Buffers.Binary;
using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>Gathers the changes of one partition over a group of commits, then applies them as one sorted batch.</summary>
/// <remarks>Of several changes of one key the last one counts: mutations are absolute, so the earlier ones would be
/// overwritten anyway. Threads: the store's writer only.</remarks>
internal sealed class MutationBuffer
{
    private byte[] _arena = [];
    private Entry[] _entries = [];
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
        _entries[_count] = new Entry(Head(to[..keyLength]), _used, keyLength, valueLength, _count, operation);
        _count++;
        _used += keyLength + valueLength;
    }

    /// <summary>Applies everything gathered and forgets it.</summary>
    public void ApplyTo(IIndexFamily index, Lsn lsn)
    {
        _entries.AsSpan(0, _count).Sort(new EntryOrderComparer(_arena));
        if (_sorted.Length < _count)
        {
            _sorted = new IndexMutation[_entries.Length];
        }

        int kept = 0;
        for (int i = 0; i < _count; i++)
        {
            ref readonly Entry entry = ref _entries[i];
            bool isOverwritten = i + 1 < _count && SameKey(in entry, in _entries[i + 1]);
            if (!isOverwritten)
            {
                _sorted[kept++] = new IndexMutation(
                    entry.Operation, entry.Offset, entry.KeyLength, entry.Offset + entry.KeyLength, entry.ValueLength);
            }
        }

        index.Apply(new IndexBatch(lsn, _arena.AsSpan(0, _used), _sorted.AsSpan(0, kept)));
        Clear();
    }

    public void Clear()
    {
        _count = 0;
        _used = 0;
    }

    private static ulong Head(ReadOnlySpan<byte> key)
    {
        if (key.Length >= sizeof(ulong))
        {
            return BinaryPrimitives.ReadUInt64BigEndian(key);
        }

        Span<byte> padded = stackalloc byte[sizeof(ulong)];
        padded.Clear();
        key.CopyTo(padded);
        return BinaryPrimitives.ReadUInt64BigEndian(padded);
    }

    private bool SameKey(in Entry a, in Entry b) =>
        a.Head == b.Head
        && _arena.AsSpan(a.Offset, a.KeyLength).SequenceEqual(_arena.AsSpan(b.Offset, b.KeyLength));

    private void Reserve(int bytes)
    {
        if (_arena.Length - _used < bytes)
        {
            Array.Resize(ref _arena, checked((int)Math.Min(Array.MaxLength, Math.Max((_arena.Length * 2L) + 4096, (long)_used + bytes))));
        }

        if (_entries.Length == _count)
        {
            Array.Resize(ref _entries, Math.Max(64, _count * 2));
        }
    }

    /// <summary>A change: key and value lie one after the other in the arena.</summary>
    /// <param name="Head">The key's first 8 bytes, big-endian, zero-padded.</param>
    /// <param name="Offset">Start of the key in the arena.</param>
    /// <param name="KeyLength">Bytes.</param>
    /// <param name="ValueLength">Bytes.</param>
    /// <param name="Sequence">Order of arrival.</param>
    /// <param name="Operation">Set or remove.</param>
    private readonly record struct Entry(
        ulong Head, int Offset, int KeyLength, int ValueLength, int Sequence, IndexOperation Operation);

    private readonly struct EntryOrderComparer(byte[] arena) : IComparer<Entry>
    {
        public int Compare(Entry x, Entry y)
        {
            if (x.Head != y.Head)
            {
                return x.Head < y.Head ? -1 : 1;
            }

            int byKey = arena.AsSpan(x.Offset, x.KeyLength).SequenceCompareTo(arena.AsSpan(y.Offset, y.KeyLength));
            return byKey != 0 ? byKey : x.Sequence.CompareTo(y.Sequence);
        }
    }
}
