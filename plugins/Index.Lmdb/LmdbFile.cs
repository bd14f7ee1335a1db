using System.Buffers.Binary;
using Mortise.Files;

namespace Mortise.Index.Lmdb;

/// <summary>Looks at an environment's file before LMDB maps it: LMDB believes what it reads, and a file that ends before
/// its trees do would end the process with SIGBUS.</summary>
/// <remarks>The layout is that of LMDB 0.9 on 64-bit systems (<c>MDB_meta</c> in <c>mdb.c</c>). Only the roots are looked
/// at, because a sound file may end before its last page when that was freed. LMDB's pages have no checksums: damage in
/// them is not found.</remarks>
internal static class LmdbFile
{
    private const uint Magic = 0xBEEFC0DE;
    private const ulong NoPage = ulong.MaxValue;
    private const int MetaOffset = 16;
    private const int PageBytesOffset = MetaOffset + 24;
    private const int FreeRootOffset = MetaOffset + 64;
    private const int MainRootOffset = FreeRootOffset + 48;
    private const int TransactionOffset = MetaOffset + 128;
    private const int HeadBytes = TransactionOffset + 8;

    /// <summary>What is wrong with the file; null when it is absent, empty, or looks whole.</summary>
    public static string? Problem(IStorageDirectory directory)
    {
        if (!directory.Exists(LmdbIndex.DataFile))
        {
            return null;
        }

        using IStorageFile file = directory.Open(LmdbIndex.DataFile, FileIntent.Read);
        if (file.Length == 0)
        {
            return null;
        }

        Span<byte> first = stackalloc byte[HeadBytes];
        Span<byte> second = stackalloc byte[HeadBytes];
        if (file.Read(first, 0) < HeadBytes)
        {
            return $"{file.Path} is {file.Length} bytes long";
        }

        uint pageBytes = BinaryPrimitives.ReadUInt32LittleEndian(first[PageBytesOffset..]);
        if (!IsMeta(first) || pageBytes is < 512 or > 65536 || (pageBytes & (pageBytes - 1)) != 0)
        {
            return $"{file.Path} does not begin with a page of LMDB's";
        }

        if (file.Read(second, pageBytes) < HeadBytes || !IsMeta(second))
        {
            return $"{file.Path} has no second page of LMDB's";
        }

        ReadOnlySpan<byte> newest = Number(first, TransactionOffset) > Number(second, TransactionOffset) ? first : second;
        ulong pages = (ulong)file.Length / pageBytes;
        foreach (int offset in (int[])[FreeRootOffset, MainRootOffset])
        {
            ulong root = Number(newest, offset);
            if (root != NoPage && root >= pages)
            {
                return $"{file.Path} has {pages} pages, and its tree begins at page {root}";
            }
        }

        return null;
    }

    private static bool IsMeta(ReadOnlySpan<byte> page) =>
        BinaryPrimitives.ReadUInt32LittleEndian(page[MetaOffset..]) == Magic;

    private static ulong Number(ReadOnlySpan<byte> page, int offset) =>
        BinaryPrimitives.ReadUInt64LittleEndian(page[offset..]);
}
