using System.Buffers.Binary;
using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>The stems of a page: what keys that follow each other share behind the page's prefix, stored once.</summary>
/// <remarks>
/// <para>An index by author has hundreds of entries of one author beside each other, and its key is most of theirs. All
/// stems of a page have one length, so that its heads are 8 key bytes from one place, and its entries have one size.</para>
/// <para>Layout: u16 length of a stem, u16 stems, the stems in order, then for each entry the number of its stem, one
/// byte. Buffers: points into the page's memory, as <see cref="EntryPage"/> does.</para>
/// </remarks>
internal readonly unsafe struct StemTable
{
    /// <summary>A stem's number has one byte.</summary>
    public const int MaxStems = byte.MaxValue + 1;

    public const int HeaderBytes = 2 * sizeof(ushort);

    private readonly byte* _stems;
    private readonly byte* _numbers;
    private readonly int _count;
    private readonly int _entries;

    public StemTable(byte* table, int entries)
    {
        ReadOnlySpan<byte> header = new(table, HeaderBytes);
        StemBytes = BinaryPrimitives.ReadUInt16LittleEndian(header);
        _count = BinaryPrimitives.ReadUInt16LittleEndian(header[sizeof(ushort)..]);
        _entries = entries;
        _stems = table + HeaderBytes;
        _numbers = _stems + (_count * StemBytes);
    }

    /// <summary>Length of every stem; 0 in a page without stems.</summary>
    public int StemBytes { get; }

    /// <summary>The first byte behind the table.</summary>
    public byte* End => _numbers + _entries;

    /// <summary>How long a table is.</summary>
    public static int Size(int stems, int stemBytes, int entries) => HeaderBytes + (stems * stemBytes) + entries;

    /// <summary>The number of an entry's stem; it never falls from one entry to the next.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int NumberOf(int entry) => _numbers[entry];

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ReadOnlySpan<byte> Stem(int number) => new(_stems + (number * StemBytes), StemBytes);

    /// <summary>The entries whose keys may lie around one.</summary>
    /// <param name="rest">The key after the page's prefix.</param>
    /// <param name="start">The first entry of the first stem at or above the key's.</param>
    /// <param name="end">The first entry behind that stem's.</param>
    /// <returns>True when the key begins with that stem: it belongs between the two. False when it belongs at
    /// <paramref name="start"/>.</returns>
    public bool TryFind(ReadOnlySpan<byte> rest, out int start, out int end)
    {
        ReadOnlySpan<byte> wanted = rest[..Math.Min(rest.Length, StemBytes)];
        int low = 0;
        int high = _count;
        while (low < high)
        {
            int middle = (low + high) >> 1;
            if (Stem(middle).SequenceCompareTo(wanted) < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        start = FirstOf(low);
        end = FirstOf(low + 1);
        return low < _count && Stem(low).SequenceEqual(wanted);
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

    private int FirstOf(int number)
    {
        int first = number < _count ? new ReadOnlySpan<byte>(_numbers, _entries).IndexOf((byte)number) : _entries;
        return first < 0 ? _entries : first;
    }
}
