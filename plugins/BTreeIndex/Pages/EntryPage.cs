using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>A leaf or branch in memory, parsed once when it is loaded.</summary>
/// <remarks>
/// <para>After the header: the heads (u64 each: 8 key bytes after the prefix and the stem), the prefix, then the body.
/// In a uniform page the body is entries of one size: the rest of the key after the head, then the value; there may be
/// a <see cref="StemTable"/> and an <see cref="EndColumn"/> before them. Otherwise it is a slot (u16 offset in the page)
/// per entry, then entries of key length (u16, whole key), value length (u16, 0xFFFF for a tombstone), rest of the key,
/// value. A search reads heads alone until two are equal.</para>
/// <para>Buffers: points into memory that the owner of the frame keeps in place; <see cref="Check"/> must have passed,
/// so that no offset in the page leads out of it.</para>
/// </remarks>
internal readonly unsafe struct EntryPage
{
    /// <summary>Keys that are spread evenly are so many lines from where they should be, mostly.</summary>
    private const int LinesAround = 3;

    private const int CacheLineBytes = 64;

    private readonly byte* _page;
    private readonly HeadArray _heads;
    private readonly byte* _prefix;
    private readonly byte* _body;
    private readonly int _stride;
    private readonly int _valueBytes;
    private readonly StemTable _stems;
    private readonly EndColumn _ends;

    private readonly ulong _prefixHead;

    public EntryPage(byte* page)
    {
        _page = page;
        ReadOnlySpan<byte> header = new(page, PageFormat.HeaderBytes);
        Count = BinaryPrimitives.ReadUInt16LittleEndian(header[PageFormat.CountOffset..]);
        PrefixLength = BinaryPrimitives.ReadUInt16LittleEndian(header[PageFormat.PrefixOffset..]);
        IsUniform = (header[PageFormat.FlagsOffset] & PageFormat.UniformFlag) != 0;
        UniformKeyLength = BinaryPrimitives.ReadUInt16LittleEndian(header[PageFormat.KeyBytesOffset..]);
        _valueBytes = BinaryPrimitives.ReadUInt16LittleEndian(header[PageFormat.ValueBytesOffset..]);
        Rank = BinaryPrimitives.ReadUInt64LittleEndian(header[PageFormat.RankOffset..]);
        Tombstones = BinaryPrimitives.ReadUInt64LittleEndian(header[PageFormat.TombstonesOffset..]);
        _heads = new HeadArray(page + PageFormat.HeaderBytes, Count);
        _prefix = page + PageFormat.HeaderBytes + (Count * PageFormat.HeadBytes);
        _body = _prefix + PrefixLength;
        if ((header[PageFormat.FlagsOffset] & PageFormat.StemsFlag) != 0)
        {
            _stems = new StemTable(_body, Count);
            _body = _stems.End;
        }

        HeadOffset = PrefixLength + _stems.StemBytes;
        UniformTailLength = Math.Max(0, UniformKeyLength - HeadOffset - PageFormat.HeadBytes);
        _stride = UniformTailLength + _valueBytes;
        if ((header[PageFormat.FlagsOffset] & PageFormat.EndsFlag) != 0)
        {
            HasEnds = true;
            _ends = new EndColumn(_body);
            _body += EndColumn.HeaderBytes;
            UniformTailLength -= _valueBytes == 0 ? EndColumn.NumberBytes : 0;
            _stride = UniformTailLength + _ends.Bytes;
        }

        _prefixHead = PrefixLength is > 0 and <= PageFormat.HeadBytes ? KeyHead.Of(Prefix) : 0;
    }

    public int Count { get; }

    public int PrefixLength { get; }

    public bool IsUniform { get; }

    /// <summary>Whether keys have a stem between the page's prefix and their head; only in uniform pages.</summary>
    public bool HasStems => _stems.StemBytes > 0;

    /// <summary>Where in a key the bytes of its head are.</summary>
    public int HeadOffset { get; }

    public int UniformKeyLength { get; }

    /// <summary>Whether the last 8 bytes of entries are narrowed; only in uniform pages.</summary>
    public bool HasEnds { get; }

    /// <summary>Whether those are the end of the key; otherwise they are the value.</summary>
    public bool HasEndsInKeys => HasEnds && _valueBytes == 0;

    /// <summary>Key bytes in the body of each entry of a uniform page, as they are.</summary>
    public int UniformTailLength { get; }

    /// <summary>Leaf: entries of the run before this page. Branch: ordinal of the first child.</summary>
    public ulong Rank { get; }

    /// <summary>Leaf: tombstones of the run before this page.</summary>
    public ulong Tombstones { get; }

    public ReadOnlySpan<byte> Prefix => new(_prefix, PrefixLength);

    public StemTable Stems => _stems;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Head(int index) => _heads[index];

    public int KeyLength(int index) =>
        IsUniform ? UniformKeyLength : ReadUInt16(Entry(index));

    public bool IsTombstone(int index) =>
        !IsUniform && ReadUInt16(Entry(index) + sizeof(ushort)) == PageFormat.TombstoneLength;

    /// <summary>The last 8 bytes of an entry's key, or its value, where they are narrowed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong End(int index) => _ends.Read(_body + ((nint)(index + 1) * _stride));

    /// <summary>The key after the prefix and the head, and before its narrowed end; empty when it ends
    /// before.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Tail(int index)
    {
        if (IsUniform)
        {
            return new ReadOnlySpan<byte>(_body + ((nint)index * _stride), UniformTailLength);
        }

        byte* entry = Entry(index);
        int length = ReadUInt16(entry) - HeadOffset - PageFormat.HeadBytes;
        return new ReadOnlySpan<byte>(entry + PageFormat.EntryHeaderBytes, Math.Max(0, length));
    }

    /// <summary>An entry's value.</summary>
    /// <param name="index">The entry.</param>
    /// <param name="narrowed">8 bytes that receive a narrowed value.</param>
    /// <returns>In the page or in <paramref name="narrowed"/>.</returns>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Value(int index, Span<byte> narrowed)
    {
        if (IsUniform)
        {
            if (!HasEnds || _valueBytes == 0)
            {
                return new ReadOnlySpan<byte>(_body + ((nint)index * _stride) + UniformTailLength, _valueBytes);
            }

            BinaryPrimitives.WriteUInt64BigEndian(narrowed, End(index));
            return narrowed[..EndColumn.NumberBytes];
        }

        byte* entry = Entry(index);
        int tail = Math.Max(0, ReadUInt16(entry) - HeadOffset - PageFormat.HeadBytes);
        int length = ReadUInt16(entry + sizeof(ushort));
        return length == PageFormat.TombstoneLength
            ? default
            : new ReadOnlySpan<byte>(entry + PageFormat.EntryHeaderBytes + tail, length);
    }

    /// <summary>Puts a key together.</summary>
    /// <param name="index">The entry.</param>
    /// <param name="to">Long enough for any key of the page, and 8 bytes more.</param>
    /// <returns>The key's length.</returns>
    public int CopyKey(int index, Span<byte> to)
    {
        Prefix.CopyTo(to);
        return CopyKeyAfterPrefix(index, to);
    }

    /// <summary>Puts a key together in a buffer that begins with the page's prefix already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CopyKeyAfterPrefix(int index, Span<byte> to)
    {
        if (HasStems)
        {
            CopyStem(_stems.NumberOf(index), to);
        }

        return CopyKeyAfterStem(index, to);
    }

    /// <summary>Puts a key together in a buffer that begins with the page's prefix and the key's stem
    /// already.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int CopyKeyAfterStem(int index, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to[HeadOffset..], Head(index));
        if (HasEndsInKeys)
        {
            CopyTailAndEnd(index, to[(HeadOffset + PageFormat.HeadBytes)..]);
            return UniformKeyLength;
        }

        Tail(index).CopyTo(to[(HeadOffset + PageFormat.HeadBytes)..]);
        return KeyLength(index);
    }

    /// <summary>Puts the part of a key behind its head together in a page with narrowed ends in keys.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CopyTailAndEnd(int index, Span<byte> to)
    {
        if (UniformTailLength <= EndColumn.NumberBytes && _stride >= EndColumn.NumberBytes)
        {
            // Both are whole words: what the first has too much the second overwrites.
            ulong tail = Unsafe.ReadUnaligned<ulong>(_body + ((nint)index * _stride));
            Unsafe.WriteUnaligned(ref MemoryMarshal.GetReference(to[..EndColumn.NumberBytes]), tail);
        }
        else
        {
            Tail(index).CopyTo(to);
        }

        BinaryPrimitives.WriteUInt64BigEndian(to[UniformTailLength..], End(index));
    }

    /// <summary>The number of an entry's stem in a page that has them.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int StemOf(int index) => _stems.NumberOf(index);

    /// <summary>Copies a stem behind the prefix in a buffer for keys; what is behind it there is overwritten.</summary>
    public void CopyStem(int number, Span<byte> to) => _stems.CopyStem(number, to[PrefixLength..]);

    /// <summary>The first entry at or after a key.</summary>
    /// <param name="key">The whole key.</param>
    /// <param name="isEqual">True when that entry has this very key.</param>
    /// <returns>0 to <see cref="Count"/>.</returns>
    public int LowerBound(ReadOnlySpan<byte> key, out bool isEqual)
    {
        isEqual = false;
        if (Count == 0)
        {
            return 0;
        }

        if (PrefixLength > 0)
        {
            int byPrefix = ComparePrefix(key);
            if (byPrefix != 0)
            {
                return byPrefix < 0 ? 0 : Count;
            }
        }

        ReadOnlySpan<byte> rest = key[PrefixLength..];
        return HasStems ? LowerBoundAmongStems(rest, out isEqual) : LowerBoundAmongHeads(rest, out isEqual);
    }

    /// <summary>Asks the memory for what <see cref="LowerBound"/> will read.</summary>
    public void PrefetchSearch(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> rest = key[Math.Min(key.Length, PrefixLength)..];
        if (HasStems)
        {
            _stems.Prefetch(rest);
        }
        else
        {
            _heads.Prefetch(KeyHead.Of(rest));
        }
    }

    /// <summary>Asks the memory for what <see cref="LowerBound"/> will read of a key that is probably there, and for
    /// its entry.</summary>
    public void PrefetchLookup(ReadOnlySpan<byte> key)
    {
        if (HasStems || !IsUniform || !Sse.IsSupported)
        {
            PrefetchSearch(key);
            return;
        }

        int guess = _heads.Prefetch(KeyHead.Of(key[Math.Min(key.Length, PrefixLength)..]));
        byte* entry = _body + ((nint)guess * _stride);
        for (int line = -LinesAround; line <= LinesAround; line++)
        {
            Sse.Prefetch0(entry + (line * CacheLineBytes));
        }
    }

    /// <summary>Asks the memory for an entry.</summary>
    public void PrefetchEntry(int index)
    {
        if (Sse.IsSupported)
        {
            _heads.PrefetchAt(index);
            byte* entry = IsUniform ? _body + ((nint)index * _stride) : _body + (index * PageFormat.SlotBytes);
            Sse.Prefetch0(entry);
            Sse.Prefetch0(_prefix);
        }
    }

    /// <summary>The child of a branch under which a key belongs: the number of separators at or before it.</summary>
    public int ChildOf(ReadOnlySpan<byte> key)
    {
        int index = LowerBound(key, out bool isEqual);
        return isEqual ? index + 1 : index;
    }

    /// <summary>What is wrong with a leaf's or branch's structure, or null: after null, no access leaves the
    /// page.</summary>
    public static string? Check(ReadOnlySpan<byte> page)
    {
        int count = BinaryPrimitives.ReadUInt16LittleEndian(page[PageFormat.CountOffset..]);
        int prefix = BinaryPrimitives.ReadUInt16LittleEndian(page[PageFormat.PrefixOffset..]);
        bool isUniform = (page[PageFormat.FlagsOffset] & PageFormat.UniformFlag) != 0;
        int keyBytes = BinaryPrimitives.ReadUInt16LittleEndian(page[PageFormat.KeyBytesOffset..]);
        int valueBytes = BinaryPrimitives.ReadUInt16LittleEndian(page[PageFormat.ValueBytesOffset..]);
        bool hasStems = (page[PageFormat.FlagsOffset] & PageFormat.StemsFlag) != 0;
        uint used = PageFormat.Used(page);
        long body = PageFormat.HeaderBytes + ((long)count * PageFormat.HeadBytes) + prefix;
        if (used > page.Length || body > used)
        {
            return $"page claims {count} entries, a prefix of {prefix} bytes and {used} used bytes of {page.Length}";
        }

        int maxKey = PageFormat.MaxKeyBytes(page.Length);
        if (hasStems)
        {
            string? wrong = StemTable.Check(page[(int)body..(int)used], count, out int tableBytes);
            int stem = wrong is null ? BinaryPrimitives.ReadUInt16LittleEndian(page[(int)body..]) : 0;
            body += tableBytes;
            wrong ??= isUniform && prefix + stem + PageFormat.HeadBytes <= keyBytes
                ? null
                : $"stems of {stem} bytes do not fit into keys of {keyBytes} with a prefix of {prefix}";
            if (wrong is not null)
            {
                return wrong;
            }

            prefix += stem;
        }

        if (!isUniform && (page[PageFormat.FlagsOffset] & PageFormat.EndsFlag) != 0)
        {
            return "page has narrowed ends and is not uniform";
        }

        if (isUniform)
        {
            return CheckUniform(page, count, prefix, keyBytes, valueBytes, body);
        }

        long firstEntry = body + ((long)count * PageFormat.SlotBytes);
        if (firstEntry > used)
        {
            return $"page claims {count} slots in {used} used bytes";
        }

        for (int i = 0; i < count; i++)
        {
            int offset = BinaryPrimitives.ReadUInt16LittleEndian(page[((int)body + (i * PageFormat.SlotBytes))..]);
            if (offset < firstEntry || offset + PageFormat.EntryHeaderBytes > used)
            {
                return $"slot {i} points to {offset}, outside {firstEntry}..{used}";
            }

            int key = BinaryPrimitives.ReadUInt16LittleEndian(page[offset..]);
            int value = BinaryPrimitives.ReadUInt16LittleEndian(page[(offset + sizeof(ushort))..]);
            value = value == PageFormat.TombstoneLength ? 0 : value;
            int rest = Math.Max(0, key - prefix - PageFormat.HeadBytes);
            if (key < prefix || key > maxKey || offset + PageFormat.EntryHeaderBytes + rest + value > used)
            {
                return $"entry {i} of {key} + {value} bytes at {offset} does not fit in {used} used bytes";
            }
        }

        return null;
    }

    private static string? CheckUniform(
        ReadOnlySpan<byte> page, int count, int headOffset, int keyBytes, int valueBytes, long body)
    {
        uint used = PageFormat.Used(page);
        long rest = keyBytes - headOffset - PageFormat.HeadBytes;
        long entry = Math.Max(0, rest) + valueBytes;
        if ((page[PageFormat.FlagsOffset] & PageFormat.EndsFlag) != 0)
        {
            if (!EndColumn.Suits((int)Math.Max(0, rest), valueBytes) || body + EndColumn.HeaderBytes > used)
            {
                return $"entries of {keyBytes} + {valueBytes} bytes have no end of {EndColumn.NumberBytes} behind a head";
            }

            ReadOnlySpan<byte> header = page.Slice((int)body, EndColumn.HeaderBytes);
            if (EndColumn.Check(header) is { } wrong)
            {
                return wrong;
            }

            fixed (byte* at = header)
            {
                entry += new EndColumn(at).Bytes - EndColumn.NumberBytes;
            }

            body += EndColumn.HeaderBytes;
        }

        return keyBytes < headOffset || keyBytes > PageFormat.MaxKeyBytes(page.Length) || body + (count * entry) != used
            ? $"uniform page claims {count} entries of {keyBytes} + {valueBytes} bytes in {used} used bytes"
            : null;
    }

    private int ComparePrefix(ReadOnlySpan<byte> key)
    {
        if (PrefixLength <= PageFormat.HeadBytes && key.Length >= PageFormat.HeadBytes)
        {
            ulong mask = ulong.MaxValue << (8 * (PageFormat.HeadBytes - PrefixLength));
            return (KeyHead.Of(key) & mask).CompareTo(_prefixHead);
        }

        return key[..Math.Min(key.Length, PrefixLength)].SequenceCompareTo(Prefix);
    }

    private int LowerBoundAmongHeads(ReadOnlySpan<byte> rest, out bool isEqual)
    {
        isEqual = false;
        ulong head = KeyHead.Of(rest);
        int low = _heads.FirstNotBelow(head);
        if (low == Count || Head(low) != head)
        {
            return low;
        }

        int high = low + 1;
        if (high < Count && Head(high) == head)
        {
            high = head == ulong.MaxValue ? Count : _heads.FirstNotBelow(head + 1);
        }

        return LowerBoundAmongEqualHeads(rest, low, high, out isEqual);
    }

    private int LowerBoundAmongStems(ReadOnlySpan<byte> rest, out bool isEqual)
    {
        isEqual = false;
        if (!_stems.TryFind(rest, out int start, out int end))
        {
            return start;
        }

        rest = rest[_stems.StemBytes..];
        ulong head = KeyHead.Of(rest);

        // Who wants all of a stem asks for less than its first head.
        int low = Head(start) >= head ? start : _heads.FirstNotBelow(head, start, end);
        if (low == end || Head(low) != head)
        {
            return low;
        }

        int high = head == ulong.MaxValue ? end : _heads.FirstNotBelow(head + 1, low, end);
        return LowerBoundAmongEqualHeads(rest, low, high, out isEqual);
    }

    private int LowerBoundAmongEqualHeads(ReadOnlySpan<byte> rest, int low, int high, out bool isEqual)
    {
        isEqual = false;
        while (low < high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            int order = CompareEqualHeads(middle, rest);
            if (order < 0)
            {
                low = middle + 1;
            }
            else
            {
                isEqual |= order == 0;
                high = middle;
            }
        }

        return low;
    }

    private int CompareEqualHeads(int index, ReadOnlySpan<byte> rest)
    {
        int length = KeyLength(index) - HeadOffset;
        if (length < PageFormat.HeadBytes || rest.Length < PageFormat.HeadBytes)
        {
            return length - rest.Length;
        }

        rest = rest[PageFormat.HeadBytes..];
        return HasEndsInKeys ? CompareTailAndEnd(index, rest) : Tail(index).SequenceCompareTo(rest);
    }

    private int CompareTailAndEnd(int index, ReadOnlySpan<byte> rest)
    {
        ReadOnlySpan<byte> tail = Tail(index);
        int order = tail.SequenceCompareTo(rest[..Math.Min(tail.Length, rest.Length)]);
        if (order != 0)
        {
            return order;
        }

        Span<byte> end = stackalloc byte[EndColumn.NumberBytes];
        BinaryPrimitives.WriteUInt64BigEndian(end, End(index));
        return end.SequenceCompareTo(rest[tail.Length..]);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private byte* Entry(int index) => _page + ReadUInt16(_body + (index * PageFormat.SlotBytes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int ReadUInt16(byte* at)
    {
        ushort value = Unsafe.ReadUnaligned<ushort>(at);
        return BitConverter.IsLittleEndian ? value : BinaryPrimitives.ReverseEndianness(value);
    }
}
