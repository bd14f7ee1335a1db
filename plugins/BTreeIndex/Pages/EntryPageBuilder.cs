using System.Buffers.Binary;

namespace Mortise.BTreeIndex;

/// <summary>Packs sorted entries into one page after the other, each as full as it gets.</summary>
/// <remarks>The page's prefix is what its first and last key share, so the size of a page follows from sums and changes
/// by more than one entry only when the prefix shrinks. Threads: one.</remarks>
internal sealed class EntryPageBuilder
{
    private readonly int _pageBytes;
    private byte[] _arena;
    private readonly Pending[] _pending;
    private readonly StemChoice _choice;
    private int _used;
    private int _prefix;
    private int _tails;
    private int _values;
    private bool _isUniform;
    private ulong _firstEnd;
    private ulong _differing;

    public EntryPageBuilder(int pageBytes)
    {
        _pageBytes = pageBytes;

        // An entry costs a head and, of its key and value, all but the prefix and the head: so this many at most.
        _pending = new Pending[pageBytes / PageFormat.HeadBytes];
        _arena = new byte[8 * pageBytes];
        _choice = new StemChoice(PageFormat.MaxKeyBytes(pageBytes));
    }

    public int Count { get; private set; }

    public int TombstoneCount { get; private set; }

    public ReadOnlySpan<byte> FirstKey => Key(0);

    public ReadOnlySpan<byte> LastKey => Key(Count - 1);

    /// <summary>Adds an entry after all others, when the page has room for it.</summary>
    public bool TryAdd(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone)
    {
        if (Count == _pending.Length)
        {
            return false;
        }

        // Keys come in order: what all share is what the first shares with the last, and each with the one before.
        int shared = Count == 0 ? 0 : LastKey.CommonPrefixLength(key);
        int prefix = Count == 0 ? key.Length : Math.Min(_prefix, shared);
        int tails = (prefix == _prefix ? _tails : Tails(prefix)) + Tail(key.Length, prefix);
        bool isUniform = !isTombstone && (Count == 0
            || (_isUniform && _pending[0].KeyLength == key.Length && _pending[0].ValueLength == value.Length));
        int values = _values + value.Length;
        int size = Size(Count + 1, prefix, tails, values, isUniform);
        ulong end = 0;
        ulong differing = 0;
        if (isUniform)
        {
            int stemmed = StemmedBytes(key.Length, value.Length);
            size -= _choice.GainWith(shared, Count + 1, prefix, stemmed);
            if (EndColumn.Suits(key.Length, value.Length))
            {
                end = EndColumn.NumberOf(value.IsEmpty ? key : value);
                differing = Count == 0 ? 0 : _differing | (end ^ _firstEnd);
                size -= EndGain(differing, Count + 1, prefix, stemmed);
            }
        }

        if (size > _pageBytes)
        {
            return false;
        }

        if (_arena.Length - _used < key.Length + value.Length)
        {
            Array.Resize(ref _arena, 2 * (_used + key.Length + value.Length));
        }

        key.CopyTo(_arena.AsSpan(_used));
        value.CopyTo(_arena.AsSpan(_used + key.Length));
        _pending[Count++] = new Pending(
            _used,
            (ushort)key.Length,
            isTombstone ? PageFormat.TombstoneLength : (ushort)value.Length,
            (ushort)shared);
        _choice.Add(shared);
        _firstEnd = Count == 1 ? end : _firstEnd;
        _differing = differing;
        TombstoneCount += isTombstone ? 1 : 0;
        _used += key.Length + value.Length;
        _prefix = prefix;
        _tails = tails;
        _values = values;
        _isUniform = isUniform;
        return true;
    }

    /// <summary>Writes what was added into a page whose header fields beyond the entries' are the caller's, and starts
    /// over.</summary>
    public void Emit(Span<byte> page)
    {
        bool isUniform = _isUniform && Count > 0;
        int stemmed = isUniform ? StemmedBytes(_pending[0].KeyLength, _pending[0].ValueLength) : 0;
        int reach = _choice.Choose(Count, _prefix, stemmed);
        int headOffset = Math.Max(reach, _prefix);
        bool hasEnds = isUniform && EndColumn.Suits(_pending[0].KeyLength, _pending[0].ValueLength)
            && EndGain(_differing, Count, _prefix, stemmed) > 0;
        int at = PageFormat.HeaderBytes;
        for (int i = 0; i < Count; i++)
        {
            BinaryPrimitives.WriteUInt64LittleEndian(page[at..], KeyHead.Of(Key(i)[headOffset..]));
            at += PageFormat.HeadBytes;
        }

        if (Count > 0)
        {
            FirstKey[.._prefix].CopyTo(page[at..]);
        }

        at += _prefix;
        at = reach > 0 ? WriteStems(page, at, reach) : at;
        at = hasEnds ? WriteNarrowed(page, at, headOffset) : WriteEntries(page, at, headOffset, isUniform);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageFormat.CountOffset..], (ushort)Count);
        BinaryPrimitives.WriteUInt16LittleEndian(page[PageFormat.PrefixOffset..], (ushort)_prefix);
        page[PageFormat.FlagsOffset] =
            (byte)((isUniform ? PageFormat.UniformFlag : 0) | (reach > 0 ? PageFormat.StemsFlag : 0)
                | (hasEnds ? PageFormat.EndsFlag : 0));
        BinaryPrimitives.WriteUInt16LittleEndian(
            page[PageFormat.KeyBytesOffset..], isUniform ? _pending[0].KeyLength : (ushort)0);
        BinaryPrimitives.WriteUInt16LittleEndian(
            page[PageFormat.ValueBytesOffset..], isUniform ? _pending[0].ValueLength : (ushort)0);
        BinaryPrimitives.WriteUInt32LittleEndian(page[PageFormat.UsedOffset..], (uint)at);
        page[at..].Clear();
        Clear();
    }

    private void Clear()
    {
        Count = 0;
        TombstoneCount = 0;
        _used = 0;
        _prefix = 0;
        _tails = 0;
        _values = 0;
    }

    private int WriteStems(Span<byte> page, int at, int reach)
    {
        int stemBytes = reach - _prefix;
        int end = at + StemTable.HeaderBytes;
        int stems = 0;
        for (int i = 0; i < Count; i++)
        {
            if (_pending[i].Shared < reach)
            {
                BinaryPrimitives.WriteUInt64LittleEndian(page[end..], KeyHead.Of(Key(i)[_prefix..reach]));
                end += PageFormat.HeadBytes;
                stems++;
            }
        }

        int restBytes = StemTable.RestBytes(stemBytes);
        for (int i = 0; i < Count; i++)
        {
            if (_pending[i].Shared < reach)
            {
                Key(i).Slice(reach - restBytes, restBytes).CopyTo(page[end..]);
                end += restBytes;
            }
        }

        BinaryPrimitives.WriteUInt16LittleEndian(page[at..], (ushort)stemBytes);
        BinaryPrimitives.WriteUInt16LittleEndian(page[(at + sizeof(ushort))..], (ushort)stems);
        int number = -1;
        for (int i = 0; i < Count; i++)
        {
            number += _pending[i].Shared < reach ? 1 : 0;
            page[end++] = (byte)number;
        }

        return end;
    }

    private int WriteEntries(Span<byte> page, int at, int headOffset, bool isUniform)
    {
        int slot = at;
        at += isUniform ? 0 : Count * PageFormat.SlotBytes;
        for (int i = 0; i < Count; i++)
        {
            ref readonly Pending entry = ref _pending[i];
            if (!isUniform)
            {
                BinaryPrimitives.WriteUInt16LittleEndian(page[slot..], (ushort)at);
                slot += PageFormat.SlotBytes;
                BinaryPrimitives.WriteUInt16LittleEndian(page[at..], entry.KeyLength);
                BinaryPrimitives.WriteUInt16LittleEndian(page[(at + sizeof(ushort))..], entry.ValueLength);
                at += PageFormat.EntryHeaderBytes;
            }

            int tail = Tail(entry.KeyLength, headOffset);
            int valueLength = entry.ValueLength == PageFormat.TombstoneLength ? 0 : entry.ValueLength;

            // Tail and value lie one after the other in the arena, as they do in the page.
            _arena.AsSpan(entry.Offset + entry.KeyLength - tail, tail + valueLength).CopyTo(page[at..]);
            at += tail + valueLength;
        }

        return at;
    }

    private int WriteNarrowed(Span<byte> page, int at, int headOffset)
    {
        EndColumn.WriteHeader(page[at..], _firstEnd, _differing);
        at += EndColumn.HeaderBytes;
        for (int i = 0; i < Count; i++)
        {
            ref readonly Pending entry = ref _pending[i];
            ReadOnlySpan<byte> whole = _arena.AsSpan(entry.Offset, entry.KeyLength + entry.ValueLength);
            ReadOnlySpan<byte> tail = whole[(headOffset + PageFormat.HeadBytes)..^EndColumn.NumberBytes];
            tail.CopyTo(page[at..]);
            at += tail.Length;
            at += EndColumn.Write(page[at..], EndColumn.NumberOf(whole), _differing);
        }

        return at;
    }

    /// <summary>What of a key may become prefix, stem and head: all but an end that may be narrowed.</summary>
    private static int StemmedBytes(int keyLength, int valueLength) =>
        valueLength == 0 ? Math.Max(0, keyLength - EndColumn.NumberBytes) : keyLength;

    private static int EndGain(ulong differing, int count, int prefix, int stemmed) =>
        prefix + PageFormat.HeadBytes <= stemmed ? EndColumn.Gain(differing, count) : 0;

    private static int Size(int count, int prefix, int tails, int values, bool isUniform) =>
        PageFormat.HeaderBytes + (count * PageFormat.HeadBytes) + prefix + tails + values
        + (isUniform ? 0 : count * PageFormat.VariedEntryBytes);

    private static int Tail(int keyLength, int prefix) => Math.Max(0, keyLength - prefix - PageFormat.HeadBytes);

    private int Tails(int prefix)
    {
        int sum = 0;
        for (int i = 0; i < Count; i++)
        {
            sum += Tail(_pending[i].KeyLength, prefix);
        }

        return sum;
    }

    private ReadOnlySpan<byte> Key(int index) => _arena.AsSpan(_pending[index].Offset, _pending[index].KeyLength);

    private readonly record struct Pending(int Offset, ushort KeyLength, ushort ValueLength, ushort Shared);
}
