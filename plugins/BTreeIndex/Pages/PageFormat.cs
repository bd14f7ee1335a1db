using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.BTreeIndex;

/// <summary>The header that every page begins with, and its checksum. Little-endian; see FORMAT.md.</summary>
/// <remarks><code>
///  0  u64  checksum    XXH3-64 of bytes 8..end of page, seeded by the store id (meta pages: seed 0)
///  8  u32  page        the page's number in the file
/// 12  u8   type        1 meta, 2 directory, 3 leaf, 4 branch, 5 filter
/// 13  u8   level       0 in leaves, 1 and up in branches
/// 14  u16  count       entries; separators in a branch; zero elsewhere
/// 16  u64  owner       the run's number; the epoch in meta and directory pages
/// 24  u32  ordinal     place among the run's leaves, branches or filter pages, or in the directory
/// 28  u16  prefix      bytes that all keys of the page begin with
/// 30  u8   flags       1 = uniform: all keys have one length, all values another, none is a tombstone
///                      2 = stems: what keys beside each other share is stored once; only with 1
///                      4 = ends: the last 8 bytes of entries are narrowed to the bits that differ; only with 1
/// 31  u8   reserved    zero
/// 32  u64  rank        leaf: entries in the leaves before; branch: ordinal of the first child
/// 40  u64  tombstones  leaf: tombstones in the leaves before; else zero
/// 48  u16  keyBytes    uniform: length of each key; else zero
/// 50  u16  valueBytes  uniform: length of each value; else zero
/// 52  u32  used        bytes of the page that carry something, header included
/// </code></remarks>
internal static class PageFormat
{
    public const string FormatName = "mortise-btree";
    public const int FormatVersion = 3;
    public const int OldestReadableFormatVersion = 1;
    public const string FileName = "index.mbt";
    public const string NewFileName = "index.mbt.new";

    public const int MinPageBytes = 4096;
    public const int MaxPageBytes = 32768;

    public const int ChecksumOffset = 0;
    public const int PageOffset = ChecksumOffset + sizeof(ulong);
    public const int TypeOffset = PageOffset + sizeof(uint);
    public const int LevelOffset = TypeOffset + sizeof(byte);
    public const int CountOffset = LevelOffset + sizeof(byte);
    public const int OwnerOffset = CountOffset + sizeof(ushort);
    public const int OrdinalOffset = OwnerOffset + sizeof(ulong);
    public const int PrefixOffset = OrdinalOffset + sizeof(uint);
    public const int FlagsOffset = PrefixOffset + sizeof(ushort);
    public const int ReservedOffset = FlagsOffset + sizeof(byte);
    public const int RankOffset = ReservedOffset + sizeof(byte);
    public const int TombstonesOffset = RankOffset + sizeof(ulong);
    public const int KeyBytesOffset = TombstonesOffset + sizeof(ulong);
    public const int ValueBytesOffset = KeyBytesOffset + sizeof(ushort);
    public const int UsedOffset = ValueBytesOffset + sizeof(ushort);
    public const int HeaderBytes = UsedOffset + sizeof(uint);

    public const byte UniformFlag = 1;

    public const byte StemsFlag = 2;

    public const byte EndsFlag = 4;

    /// <summary>Bytes of a key that stand in the page's array of heads.</summary>
    public const int HeadBytes = sizeof(ulong);

    /// <summary>Per entry of a page that is not uniform: a slot and two lengths.</summary>
    public const int VariedEntryBytes = SlotBytes + EntryHeaderBytes;

    public const int SlotBytes = sizeof(ushort);

    public const int EntryHeaderBytes = 2 * sizeof(ushort);

    /// <summary>The value length that marks a tombstone.</summary>
    public const ushort TombstoneLength = ushort.MaxValue;

    /// <summary>The first page after the two meta pages.</summary>
    public const uint FirstDataPage = 2;

    /// <summary>The longest key, and the longest value, of a page size.</summary>
    public static int MaxKeyBytes(int pageBytes) => pageBytes / 4;

    public static bool IsPageSize(long bytes) => bytes is 4096 or 8192 or 16384 or 32768;

    /// <summary>The checksum seed of a store's pages.</summary>
    public static long Seed(Guid storeId)
    {
        Span<byte> bytes = stackalloc byte[16];
        storeId.TryWriteBytes(bytes);
        return (long)XxHash3.HashToUInt64(bytes);
    }

    public static ulong Checksum(ReadOnlySpan<byte> page, long seed) =>
        XxHash3.HashToUInt64(page[PageOffset..], seed);

    public static void WriteHeader(
        Span<byte> page, PageType type, int level, ulong owner, uint ordinal, ulong rank, ulong tombstones)
    {
        page[TypeOffset] = (byte)type;
        page[LevelOffset] = (byte)level;
        BinaryPrimitives.WriteUInt64LittleEndian(page[OwnerOffset..], owner);
        BinaryPrimitives.WriteUInt32LittleEndian(page[OrdinalOffset..], ordinal);
        page[ReservedOffset] = 0;
        BinaryPrimitives.WriteUInt64LittleEndian(page[RankOffset..], rank);
        BinaryPrimitives.WriteUInt64LittleEndian(page[TombstonesOffset..], tombstones);
    }

    /// <summary>Numbers a page and seals it with its checksum; the last thing that is written to it.</summary>
    public static void Seal(Span<byte> page, uint number, long seed)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(page[PageOffset..], number);
        BinaryPrimitives.WriteUInt64LittleEndian(page, Checksum(page, seed));
    }

    /// <summary>What is wrong with a page's identity, or null.</summary>
    public static string? Check(ReadOnlySpan<byte> page, uint number, long seed)
    {
        ulong expected = BinaryPrimitives.ReadUInt64LittleEndian(page);
        ulong actual = Checksum(page, seed);
        if (expected != actual)
        {
            return $"checksum of page {number} is 0x{actual:x16}, stored 0x{expected:x16}";
        }

        uint stored = BinaryPrimitives.ReadUInt32LittleEndian(page[PageOffset..]);
        return stored == number ? null : $"page {number} says it is page {stored}";
    }

    public static PageType Type(ReadOnlySpan<byte> page) => (PageType)page[TypeOffset];

    public static ulong Owner(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt64LittleEndian(page[OwnerOffset..]);

    public static uint Ordinal(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[OrdinalOffset..]);

    public static uint Used(ReadOnlySpan<byte> page) => BinaryPrimitives.ReadUInt32LittleEndian(page[UsedOffset..]);
}
