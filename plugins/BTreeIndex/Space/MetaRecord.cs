using System.Buffers.Binary;

namespace Mortise.BTreeIndex;

/// <summary>What a meta page says: which state is durable. Little-endian, after the page header.</summary>
/// <remarks>
/// <code>
///  56  8 B  magic           "MORTBTRE"
///  64  u32  formatVersion
///  68  u32  pageBytes       4096, 8192, 16384 or 32768
///  72  16 B storeId         as Guid.TryWriteBytes gives it
///  88  u64  epoch           1 and up; each new state has the next one
///  96  u64  lsn             the last commit in this state; 0 for none
/// 104  u64  nextRun         run numbers at or above were never used
/// 112  u32  pageCount       pages of the file when this was written
/// 116  u32  directoryStart  first directory page; 0 without runs
/// 120  u32  directoryPages  consecutive
/// 124  u32  directoryBytes
/// </code>
/// The checksum covers bytes 8..4096 whatever the page size is, with seed 0, so that the page size can be read from it.
/// </remarks>
internal readonly record struct MetaRecord(
    int PageBytes,
    Guid StoreId,
    ulong Epoch,
    Lsn Lsn,
    ulong NextRun,
    uint PageCount,
    Extent Directory,
    uint DirectoryBytes)
{
    public const int MagicOffset = PageFormat.HeaderBytes;
    public const int VersionOffset = MagicOffset + 8;
    public const int PageBytesOffset = VersionOffset + sizeof(uint);
    public const int StoreIdOffset = PageBytesOffset + sizeof(uint);
    public const int EpochOffset = StoreIdOffset + 16;
    public const int LsnOffset = EpochOffset + sizeof(ulong);
    public const int NextRunOffset = LsnOffset + sizeof(ulong);
    public const int PageCountOffset = NextRunOffset + sizeof(ulong);
    public const int DirectoryStartOffset = PageCountOffset + sizeof(uint);
    public const int DirectoryPagesOffset = DirectoryStartOffset + sizeof(uint);
    public const int DirectoryBytesOffset = DirectoryPagesOffset + sizeof(uint);
    public const int End = DirectoryBytesOffset + sizeof(uint);

    /// <summary>Bytes of a meta page that are written, read and covered by its checksum.</summary>
    public const int Bytes = PageFormat.MinPageBytes;

    public static ReadOnlySpan<byte> Magic => "MORTBTRE"u8;

    /// <summary>Writes the whole of meta page 0 or 1.</summary>
    public byte[] ToPage(uint number)
    {
        byte[] page = new byte[Bytes];
        PageFormat.WriteHeader(page, PageType.Meta, 0, Epoch, number, 0, 0);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(PageFormat.UsedOffset), End);
        Magic.CopyTo(page.AsSpan(MagicOffset));
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(VersionOffset), PageFormat.FormatVersion);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(PageBytesOffset), (uint)PageBytes);
        StoreId.TryWriteBytes(page.AsSpan(StoreIdOffset));
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(EpochOffset), Epoch);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(LsnOffset), Lsn.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(NextRunOffset), NextRun);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(PageCountOffset), PageCount);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(DirectoryStartOffset), Directory.Start);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(DirectoryPagesOffset), Directory.Count);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(DirectoryBytesOffset), DirectoryBytes);
        PageFormat.Seal(page, number, seed: 0);
        return page;
    }

    /// <summary>Reads a meta page from untrusted bytes.</summary>
    /// <param name="page">The first <see cref="Bytes"/> bytes of it.</param>
    /// <param name="number">0 or 1.</param>
    /// <param name="meta">What it says.</param>
    /// <returns>What is wrong, or null. A format version outside what is read is wrong.</returns>
    public static string? TryRead(ReadOnlySpan<byte> page, uint number, out MetaRecord meta)
    {
        meta = default;
        if (!page.Slice(MagicOffset, Magic.Length).SequenceEqual(Magic))
        {
            return $"meta page {number} has no magic number";
        }

        if (PageFormat.Check(page, number, seed: 0) is { } problem)
        {
            return problem;
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(page[VersionOffset..]);
        if (version is < PageFormat.OldestReadableFormatVersion or > PageFormat.FormatVersion)
        {
            return $"format version is {version}; versions {PageFormat.OldestReadableFormatVersion} to "
                + $"{PageFormat.FormatVersion} are readable";
        }

        uint pageBytes = BinaryPrimitives.ReadUInt32LittleEndian(page[PageBytesOffset..]);
        uint pageCount = BinaryPrimitives.ReadUInt32LittleEndian(page[PageCountOffset..]);
        Extent directory = new(
            BinaryPrimitives.ReadUInt32LittleEndian(page[DirectoryStartOffset..]),
            BinaryPrimitives.ReadUInt32LittleEndian(page[DirectoryPagesOffset..]));
        uint directoryBytes = BinaryPrimitives.ReadUInt32LittleEndian(page[DirectoryBytesOffset..]);
        if (PageFormat.Type(page) != PageType.Meta || !PageFormat.IsPageSize(pageBytes)
            || (directory.Count == 0) != (directoryBytes == 0)
            || (directory.Count > 0 && directory.Start < PageFormat.FirstDataPage)
            || (ulong)directory.Start + directory.Count > pageCount
            || directoryBytes > (ulong)directory.Count * (pageBytes - PageFormat.HeaderBytes))
        {
            return $"meta page {number} contradicts itself";
        }

        meta = new MetaRecord(
            (int)pageBytes,
            new Guid(page.Slice(StoreIdOffset, 16)),
            BinaryPrimitives.ReadUInt64LittleEndian(page[EpochOffset..]),
            new Lsn(BinaryPrimitives.ReadUInt64LittleEndian(page[LsnOffset..])),
            BinaryPrimitives.ReadUInt64LittleEndian(page[NextRunOffset..]),
            pageCount,
            directory,
            directoryBytes);
        return null;
    }
}
