using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>The last 8 bytes of each entry of a page as a big-endian number, of which only the bits are kept that
/// differ within the page.</summary>
/// <remarks>
/// <para>Entries of an index end with a location, 8 bytes that could name any record of any segment. Those of one page
/// name some hundred records of a few segments, and so half of their bits or more are the same.</para>
/// <para>Layout: u64 the bits that are the same, where they differ 0; u64 which bits differ. An entry ends with those
/// bits, the lowest first, in as many bytes as they need, little-endian. Where values are empty the number is the key's
/// end; otherwise values have 8 bytes, and are the number. Buffers: none; callers pass places within a page.</para>
/// </remarks>
internal readonly unsafe struct EndColumn
{
    /// <summary>Bytes of an entry that the number stands for.</summary>
    public const int NumberBytes = sizeof(ulong);

    public const int HeaderBytes = 2 * sizeof(ulong);

    private readonly ulong _same;
    private readonly ulong _differing;
    private readonly int _shift;

    public EndColumn(byte* header)
    {
        ReadOnlySpan<byte> bytes = new(header, HeaderBytes);
        _same = BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        _differing = BinaryPrimitives.ReadUInt64LittleEndian(bytes[sizeof(ulong)..]);
        Bytes = BytesFor(_differing);
        _shift = 8 * (NumberBytes - Bytes);
    }

    /// <summary>Bytes that an entry keeps of its number, 0 to 8.</summary>
    public int Bytes { get; }

    /// <summary>Whether entries of a shape can have such a number: it is all of the value, or the key's end and the
    /// value empty.</summary>
    public static bool Suits(int keyLength, int valueLength) =>
        valueLength == 0 ? keyLength >= NumberBytes : valueLength == NumberBytes;

    /// <summary>The number of an entry whose key and value follow each other.</summary>
    public static ulong NumberOf(ReadOnlySpan<byte> entry) =>
        BinaryPrimitives.ReadUInt64BigEndian(entry[^NumberBytes..]);

    /// <summary>Bytes that a page is smaller by; 0 when it would not be.</summary>
    public static int Gain(ulong differing, int entries) =>
        Math.Max(0, (entries * (NumberBytes - BytesFor(differing))) - HeaderBytes);

    public static void WriteHeader(Span<byte> to, ulong number, ulong differing)
    {
        BinaryPrimitives.WriteUInt64LittleEndian(to, number & ~differing);
        BinaryPrimitives.WriteUInt64LittleEndian(to[sizeof(ulong)..], differing);
    }

    /// <summary>Writes what an entry keeps.</summary>
    /// <returns>Its length.</returns>
    public static int Write(Span<byte> to, ulong number, ulong differing)
    {
        ulong kept = Extract(number, differing);
        int bytes = BytesFor(differing);
        for (int i = 0; i < bytes; i++)
        {
            to[i] = (byte)(kept >> (8 * i));
        }

        return bytes;
    }

    /// <summary>What is wrong with a header, or null.</summary>
    public static string? Check(ReadOnlySpan<byte> header)
    {
        ulong same = BinaryPrimitives.ReadUInt64LittleEndian(header);
        ulong differing = BinaryPrimitives.ReadUInt64LittleEndian(header[sizeof(ulong)..]);
        return (same & differing) == 0
            ? null
            : $"bits 0x{same & differing:x} of the entries' ends both are the same and differ";
    }

    /// <summary>Puts an entry's number together.</summary>
    /// <param name="end">The first byte behind the entry, at least 8 bytes into the page.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ulong Read(byte* end)
    {
        // The 8 bytes before the end are in the page whatever the entry keeps; behind it the page may end.
        ulong kept = Unsafe.ReadUnaligned<ulong>(end - NumberBytes);
        kept = BitConverter.IsLittleEndian ? kept : BinaryPrimitives.ReverseEndianness(kept);

        // Without a bit that differs the shift is by nothing, and nothing is deposited.
        return _same | Deposit(kept >> _shift, _differing);
    }

    private static int BytesFor(ulong differing) => (BitOperations.PopCount(differing) + 7) / 8;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static ulong Deposit(ulong bits, ulong mask) =>
        Bmi2.X64.IsSupported ? Bmi2.X64.ParallelBitDeposit(bits, mask) : DepositByRuns(bits, mask);

    private static ulong Extract(ulong number, ulong mask)
    {
        if (Bmi2.X64.IsSupported)
        {
            return Bmi2.X64.ParallelBitExtract(number, mask);
        }

        ulong bits = 0;
        int at = 0;
        while (mask != 0)
        {
            int start = BitOperations.TrailingZeroCount(mask);
            int length = BitOperations.TrailingZeroCount(~(mask >> start));
            ulong run = RunOf(length);
            bits |= ((number >> start) & run) << at;
            at += length;
            mask &= ~(run << start);
        }

        return bits;
    }

    // Bits that differ are few runs: places within a segment, and numbers of segments.
    private static ulong DepositByRuns(ulong bits, ulong mask)
    {
        ulong number = 0;
        while (mask != 0)
        {
            int start = BitOperations.TrailingZeroCount(mask);
            int length = BitOperations.TrailingZeroCount(~(mask >> start));
            ulong run = RunOf(length);
            number |= (bits & run) << start;
            bits = length == 64 ? 0 : bits >> length;
            mask &= ~(run << start);
        }

        return number;
    }

    private static ulong RunOf(int length) => length >= 64 ? ulong.MaxValue : (1UL << length) - 1;
}
