using System.Buffers.Binary;
using System.IO.Hashing;

namespace Mortise.Segments;

/// <summary>The first page of a segment file, written once.</summary>
internal static class SegmentHeader
{
    /// <summary>A page, so that writing records never touches the header's sectors.</summary>
    public const int Bytes = 4096;

    public const int VersionOffset = 8;
    public const int HeaderBytesOffset = 12;
    public const int StoreIdOffset = 16;
    public const int NumberOffset = 32;
    public const int EncodingOffset = 36;
    public const int FirstLsnOffset = 40;
    public const int ChecksumOffset = Bytes - sizeof(ulong);

    public static ReadOnlySpan<byte> Magic => "MORT-SEG"u8;

    public static byte[] Create(Guid storeId, uint number, SegmentEncoding encoding, Lsn first)
    {
        byte[] page = new byte[Bytes];
        Magic.CopyTo(page);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(VersionOffset), SegmentFormat.Version);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(HeaderBytesOffset), Bytes);
        storeId.TryWriteBytes(page.AsSpan(StoreIdOffset), bigEndian: true, out _);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(NumberOffset), number);
        BinaryPrimitives.WriteUInt32LittleEndian(page.AsSpan(EncodingOffset), (uint)encoding);
        BinaryPrimitives.WriteUInt64LittleEndian(page.AsSpan(FirstLsnOffset), first.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(
            page.AsSpan(ChecksumOffset), XxHash3.HashToUInt64(page.AsSpan(0, ChecksumOffset)));
        return page;
    }

    /// <summary>What is wrong with a header, or null.</summary>
    /// <param name="page">What was read of the first <see cref="Bytes"/> bytes.</param>
    /// <param name="storeId">The store it should belong to.</param>
    /// <param name="number">The segment it should be.</param>
    /// <param name="encoding">The encoding it should have; null to take any that there is.</param>
    /// <param name="file">For the message.</param>
    public static StorageException? Problem(
        ReadOnlySpan<byte> page, Guid storeId, uint number, SegmentEncoding? encoding, string file)
    {
        if (page.Length < Bytes)
        {
            return StorageException.Corrupt(file, 0, $"ends after {page.Length} bytes, in its header of {Bytes}");
        }

        if (!page.StartsWith(Magic))
        {
            return SegmentFormat.UnknownWriter(file);
        }

        uint version = BinaryPrimitives.ReadUInt32LittleEndian(page[VersionOffset..]);
        if (SegmentFormat.VersionProblem(version, file) is { } problem)
        {
            return problem;
        }

        if (BinaryPrimitives.ReadUInt64LittleEndian(page[ChecksumOffset..])
            != XxHash3.HashToUInt64(page[..ChecksumOffset]))
        {
            return StorageException.Corrupt(file, 0, "the header fails its checksum");
        }

        Guid store = StoreIdOf(page);
        if (store != storeId)
        {
            return SegmentFormat.Foreign(store, storeId, file, StoreIdOffset);
        }

        uint found = BinaryPrimitives.ReadUInt32LittleEndian(page[NumberOffset..]);
        if (found != number)
        {
            return StorageException.Corrupt(file, NumberOffset, $"holds segment {found}, expected {number}");
        }

        SegmentEncoding layout = EncodingOf(page);
        return Enum.IsDefined(layout) && (encoding ?? layout) == layout
            ? null
            : StorageException.Corrupt(file, EncodingOffset, $"has encoding {layout}, expected {encoding}");
    }

    /// <summary>The store that a header says.</summary>
    public static Guid StoreIdOf(ReadOnlySpan<byte> page) => new(page.Slice(StoreIdOffset, 16), bigEndian: true);

    /// <summary>The encoding that a header says.</summary>
    public static SegmentEncoding EncodingOf(ReadOnlySpan<byte> page) =>
        (SegmentEncoding)BinaryPrimitives.ReadUInt32LittleEndian(page[EncodingOffset..]);

    /// <summary>The commit that put the first record, as a header says.</summary>
    public static Lsn FirstLsnOf(ReadOnlySpan<byte> page) =>
        new(BinaryPrimitives.ReadUInt64LittleEndian(page[FirstLsnOffset..]));
}
