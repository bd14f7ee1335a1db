using System.Buffers;

namespace Mortise.Nostr;

/// <summary>Records that index entries brought with them, for as long as a stream holds the entries.</summary>
/// <remarks>
/// An arena that entries point into. When half of it or more is of entries that are gone, the others move to the second
/// arena, and the first one stays as it is until that happens again: so what was given out last can still be read. A
/// portion fills a quarter of an arena at most, so it does not happen twice between two entries.
/// </remarks>
internal sealed class InlineRecords
{
    private const int LeastBytes = 64 << 10;

    private byte[] _arena = [];
    private byte[] _before = [];
    private int _used;
    private int _live;
    private int _portionStart;
    private bool _isOdd;

    /// <summary>Bytes kept since <see cref="MakeRoom"/>.</summary>
    public int PortionBytes => _used - _portionStart;

    public ReadOnlySpan<byte> Get(in Entry entry)
    {
        byte[] arena = (entry.InlineSlot & 1) != 0 == _isOdd ? _arena : _before;
        return arena.AsSpan(entry.InlineSlot >> 1, entry.InlineLength);
    }

    /// <summary>Copies a record.</summary>
    /// <returns>The entry with its place.</returns>
    public Entry Keep(in Entry entry, ReadOnlySpan<byte> record)
    {
        if (_arena.Length - _used < record.Length)
        {
            Grow(record.Length);
        }

        record.CopyTo(_arena.AsSpan(_used));
        Entry kept = entry with { InlineSlot = SlotOf(_used), InlineLength = record.Length };
        _used += record.Length;
        _live += record.Length;
        return kept;
    }

    /// <summary>Says that the stream lets an entry go; it can be read until room is made twice.</summary>
    public void Drop(in Entry entry) => _live -= entry.InlineLength;

    /// <summary>Says that the stream lets all entries go.</summary>
    public void Clear() => _live = 0;

    /// <summary>Begins a portion; moves records when most of the arena is of entries that are gone.</summary>
    /// <param name="buffer">Where the stream's entries are; receives their new places.</param>
    /// <param name="inputs">Which of them it holds.</param>
    public void MakeRoom(Entry[] buffer, ReadOnlySpan<MergeStream.Input> inputs)
    {
        if (_used > LeastBytes * 3 / 4 && _live <= _used / 2)
        {
            Move(buffer, inputs);
        }

        _portionStart = _used;
    }

    /// <summary>Gives the memory back; it begins anew with the next record.</summary>
    public void End()
    {
        Return(_arena);
        Return(_before);
        _arena = [];
        _before = [];
        _used = 0;
        _live = 0;
        _portionStart = 0;
        _isOdd = false;
    }

    private void Move(Entry[] buffer, ReadOnlySpan<MergeStream.Input> inputs)
    {
        (_arena, _before) = (_before, _arena);
        _isOdd = !_isOdd;
        _used = 0;
        if (_arena.Length < _before.Length)
        {
            Return(_arena);
            _arena = ArrayPool<byte>.Shared.Rent(_before.Length);
        }

        foreach (ref readonly MergeStream.Input input in inputs)
        {
            foreach (ref Entry entry in buffer.AsSpan(input.Next, input.End - input.Next))
            {
                if (entry.InlineSlot >= 0)
                {
                    Get(entry).CopyTo(_arena.AsSpan(_used));
                    entry = entry with { InlineSlot = SlotOf(_used) };
                    _used += entry.InlineLength;
                }
            }
        }
    }

    private void Grow(int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(LeastBytes, Math.Max(2 * _arena.Length, _used + length)));
        _arena.AsSpan(0, _used).CopyTo(larger);
        Return(_arena);
        _arena = larger;
    }

    private int SlotOf(int offset) => (offset << 1) | (_isOdd ? 1 : 0);

    private static void Return(byte[] array)
    {
        if (array.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(array);
        }
    }
}
