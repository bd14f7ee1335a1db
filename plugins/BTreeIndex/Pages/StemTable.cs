using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>The stems of a page: what keys that follow each other share behind the page's prefix, stored once.</summary>
/// <remarks>
/// <para>An index by author has hundreds of entries of one author beside each other, and its key is most of theirs. All
/// stems of a page have one length, so that its heads are 8 key bytes from one place, and its entries have one size.</para>
/// <para>Layout: u16 length of a stem, u16 stems; the stems' heads (u64 each: their first 8 bytes) in order; the rests of
/// the stems; then for each entry the number of its stem, one byte. Buffers: points into the page's memory, as <see cref="EntryPage"/> does.</para>
/// </remarks>
internal readonly unsafe struct StemTable
{
    /// <summary>A stem's number has one byte.</summary>
    public const int MaxStems = byte.MaxValue + 1;

    public const int HeaderBytes = 2 * sizeof(ushort);

    private const int CacheLineBytes = 64;

    private readonly HeadArray _heads;
    private readonly byte* _rests;
    private readonly byte* _numbers;
    private readonly int _count;
    private readonly int _entries;

    public StemTable(byte* table, int entries)
    {
        ReadOnlySpan<byte> header = new(table, HeaderBytes);
        StemBytes = BinaryPrimitives.ReadUInt16LittleEndian(header);
        _count = BinaryPrimitives.ReadUInt16LittleEndian(header[sizeof(ushort)..]);
        _entries = entries;
        _heads = new HeadArray(table + HeaderBytes, _count);
        _rests = table + HeaderBytes + (_count * PageFormat.HeadBytes);
        _numbers = _rests + (_count * RestBytes(StemBytes));
    }

    /// <summary>Length of every stem; 0 in a page without stems.</summary>
    public int StemBytes { get; }

    /// <summary>The first byte behind the table.</summary>
    public byte* End => _numbers + _entries;

    /// <summary>How long a table is.</summary>
    public static int Size(int stems, int stemBytes, int entries) =>
        HeaderBytes + (stems * (PageFormat.HeadBytes + RestBytes(stemBytes))) + entries;

    /// <summary>What of a stem stands behind the heads.</summary>
    public static int RestBytes(int stemBytes) => Math.Max(0, stemBytes - PageFormat.HeadBytes);

    /// <summary>The number of an entry's stem; it never falls from one entry to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NumberOf(int entry) => _numbers[entry];

    /// <summary>Copies a stem.</summary>
    /// <param name="number">Which.</param>
    /// <param name="to">Long enough for a stem and for 8 bytes; bytes behind the stem are overwritten when it is
    /// shorter than that.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void CopyStem(int number, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt64BigEndian(to, _heads[number]);
        Rest(number).CopyTo(to[PageFormat.HeadBytes..]);
    }

    /// <summary>The entries whose keys may lie around one.</summary>
    /// <param name="rest">The key after the page's prefix.</param>
    /// <param name="start">The first entry of the first stem at or above the key's.</param>
    /// <param name="end">The first entry behind that stem's.</param>
    /// <returns>True when the key begins with that stem: it belongs between the two. False when it belongs at
    /// <paramref name="start"/>.</returns>
    public bool TryFind(ReadOnlySpan<byte> rest, out int start, out int end)
    {
        // Stems are as long as each other; a key that ends within them is below the first that it begins.
        ReadOnlySpan<byte> wanted = rest[..Math.Min(rest.Length, StemBytes)];
        ulong head = KeyHead.Of(wanted);
        int number = _heads.FirstNotBelow(head);
        ReadOnlySpan<byte> wantedRest = wanted[Math.Min(wanted.Length, PageFormat.HeadBytes)..];
        if (number < _count && _heads[number] == head)
        {
            number = FirstRestNotBelow(
                wantedRest, number, head == ulong.MaxValue ? _count : _heads.FirstNotBelow(head + 1, number, _count));
        }

        start = FirstOf(number, 0);
        end = FirstOf(number + 1, start);
        return number < _count && wanted.Length == StemBytes && _heads[number] == head
            && Rest(number).SequenceEqual(wantedRest);
    }

    /// <summary>Asks the memory for what <see cref="TryFind"/> will read.</summary>
    /// <param name="rest">The key after the page's prefix.</param>
    public void Prefetch(ReadOnlySpan<byte> rest)
    {
        if (!Sse.IsSupported)
        {
            return;
        }

        int guess = _heads.Prefetch(KeyHead.Of(rest[..Math.Min(rest.Length, StemBytes)]));
        int restBytes = RestBytes(StemBytes);
        Sse.Prefetch0(_rests + (guess * restBytes));
        Sse.Prefetch0(_rests + ((guess + 1) * restBytes));

        for (int line = 0; line < _entries; line += CacheLineBytes)
        {
            Sse.Prefetch0(_numbers + line);
        }
    }

    /// <summary>What is wrong with a table, or null.</summary>
    /// <param name="table">From the table's first byte to the end of the page's used ones.</param>
    /// <param name="entries">Entries of the page.</param>
    /// <param name="tableBytes">The table's length.</param>
    public static string? Check(ReadOnlySpan<byte> table, int entries, out int tableBytes)
    {
        tableBytes = 0;
        if (table.Length < HeaderBytes)
        {
            return "page ends within its stems";
        }

        int stemBytes = BinaryPrimitives.ReadUInt16LittleEndian(table);
        int stems = BinaryPrimitives.ReadUInt16LittleEndian(table[sizeof(ushort)..]);
        tableBytes = Size(stems, stemBytes, entries);
        if (stems > MaxStems || stemBytes == 0 || tableBytes > table.Length)
        {
            return $"page claims {stems} stems of {stemBytes} bytes in {table.Length}";
        }

        // Every stem has entries, so the numbers rise by one from 0 to the last.
        int last = -1;
        foreach (byte number in table.Slice(tableBytes - entries, entries))
        {
            if (number != last && number != last + 1)
            {
                return $"stem {number} follows stem {last}";
            }

            last = number;
        }

        return last == stems - 1 ? null : $"page claims {stems} stems and uses {last + 1}";
    }

    private int FirstRestNotBelow(ReadOnlySpan<byte> rest, int low, int high)
    {
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (Rest(middle).SequenceCompareTo(rest) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }

    private ReadOnlySpan<byte> Rest(int number)
    {
        int length = RestBytes(StemBytes);
        return new(_rests + (number * length), length);
    }

    /// <summary>The first entry of a stem, which is not before another entry.</summary>
    private int FirstOf(int number, int from)
    {
        int first = number < _count
            ? new ReadOnlySpan<byte>(_numbers + from, _entries - from).IndexOf((byte)number)
            : -1;
        return first < 0 ? _entries : from + first;
    }
}
