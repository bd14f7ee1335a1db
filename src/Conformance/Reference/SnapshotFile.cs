using System.Buffers.Binary;
using Mortise.Files;
using Mortise.Primitives;

namespace Mortise.Reference;

/// <summary>A whole state in one checksummed file that is replaced atomically.</summary>
/// <remarks>Layout, little-endian: magic u64, format version u32, zero u32, store id 16 bytes, LSN u64, payload length
/// u64, payload, CRC-32C u32 over all before it.</remarks>
internal static class SnapshotFile
{
    private const int HeaderBytes = 48;
    private const int ChecksumBytes = 4;

    /// <summary>Reads the file; null when there is none.</summary>
    public static (Lsn Lsn, byte[] Payload)? Read(
        IStorageDirectory files, string name, ulong magic, uint version, Guid storeId)
    {
        if (!files.Exists(name))
        {
            return null;
        }

        using IStorageFile file = files.Open(name, FileIntent.Read);
        if (file.Length is < HeaderBytes + ChecksumBytes or > int.MaxValue / 2)
        {
            throw StorageException.Corrupt(file.Path, 0, $"a file of {file.Length} bytes is no snapshot");
        }

        byte[] bytes = new byte[file.Length];
        int count = file.Read(bytes, 0);
        if (count != bytes.Length)
        {
            throw StorageException.Corrupt(file.Path, count, $"the file ends at {count} of {bytes.Length} bytes");
        }

        uint expected = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(bytes.Length - ChecksumBytes));
        uint found = Crc32C.Of(bytes.AsSpan(0, bytes.Length - ChecksumBytes));
        if (BinaryPrimitives.ReadUInt64LittleEndian(bytes) != magic || expected != found)
        {
            throw StorageException.Corrupt(file.Path, 0, $"magic or checksum {expected:x8} does not fit {found:x8}");
        }

        uint format = BinaryPrimitives.ReadUInt32LittleEndian(bytes.AsSpan(8));
        if (format != version)
        {
            throw new StorageException(
                format < version ? StorageErrorCode.FormatTooOld : StorageErrorCode.FormatTooNew,
                $"format version {format}, this code reads {version}", file.Path, 8);
        }

        Guid owner = new(bytes.AsSpan(16, 16));
        if (owner != storeId)
        {
            throw new StorageException(
                StorageErrorCode.ForeignFile, $"the file belongs to store {owner}, not {storeId}", file.Path, 16);
        }

        ulong length = BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(40));
        if (length != (ulong)(bytes.Length - HeaderBytes - ChecksumBytes))
        {
            throw StorageException.Corrupt(file.Path, 40, $"payload length {length} in a file of {bytes.Length} bytes");
        }

        Lsn lsn = new(BinaryPrimitives.ReadUInt64LittleEndian(bytes.AsSpan(32)));
        return (lsn, bytes[HeaderBytes..^ChecksumBytes]);
    }

    /// <summary>Replaces the file; durable when it returns. A failure leaves the old file or the new one.</summary>
    public static void Replace(
        IStorageDirectory files, string name, ulong magic, uint version, Guid storeId, Lsn lsn,
        ReadOnlySpan<byte> payload)
    {
        byte[] bytes = new byte[HeaderBytes + payload.Length + ChecksumBytes];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, magic);
        BinaryPrimitives.WriteUInt32LittleEndian(bytes.AsSpan(8), version);
        storeId.TryWriteBytes(bytes.AsSpan(16));
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(32), lsn.Value);
        BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(40), (ulong)payload.Length);
        payload.CopyTo(bytes.AsSpan(HeaderBytes));
        Span<byte> checksum = bytes.AsSpan(bytes.Length - ChecksumBytes);
        BinaryPrimitives.WriteUInt32LittleEndian(checksum, Crc32C.Of(bytes.AsSpan(0, bytes.Length - ChecksumBytes)));

        string next = name + ".new";
        DeleteIfPresent(files, next);
        using (IStorageFile file = files.Open(next, FileIntent.CreateNew))
        {
            file.Write(bytes, 0);
            file.Sync(SyncKind.Full);
        }

        files.Rename(next, name);
        files.Sync();
    }

    /// <summary>Deletes a file that may be there; durable after the directory's next sync.</summary>
    public static void DeleteIfPresent(IStorageDirectory files, string name)
    {
        if (files.Exists(name))
        {
            files.Delete(name);
        }
    }
}
