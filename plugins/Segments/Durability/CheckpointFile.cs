using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Reads and atomically replaces the checkpoint file.</summary>
internal static class CheckpointFile
{
    /// <summary>Reads the checkpoint.</summary>
    /// <exception cref="StorageException">It is missing, damaged, foreign, or of another format.</exception>
    public static CheckpointState Read(SegmentCatalog catalog, out long fileBytes) =>
        Read(catalog, SegmentFormat.CheckpointName, out fileBytes);

    /// <summary>Reads a file with the contents of a checkpoint.</summary>
    /// <exception cref="StorageException">As above.</exception>
    public static CheckpointState Read(SegmentCatalog catalog, string name, out long fileBytes)
    {
        string path = catalog.PathOf(name);
        using IStorageFile file = catalog.Files.Open(name, FileIntent.Read);
        fileBytes = file.Length;
        if (fileBytes > CheckpointFormat.MaxBytes)
        {
            throw StorageException.Corrupt(path, 0, $"is {fileBytes} bytes long, beyond any checkpoint");
        }

        byte[] bytes = new byte[fileBytes];
        int read = file.Read(bytes, 0);
        return CheckpointFormat.Decode(bytes.AsSpan(0, read), catalog.StoreId, path);
    }

    /// <summary>Puts a new checkpoint in place of the old one; a crash leaves one or the other.</summary>
    /// <returns>Its length.</returns>
    public static long Replace(SegmentCatalog catalog, CheckpointState state)
    {
        long bytes = Write(catalog, SegmentFormat.CheckpointDraftName, state);
        catalog.Files.Rename(SegmentFormat.CheckpointDraftName, SegmentFormat.CheckpointName);
        catalog.Files.Sync();
        return bytes;
    }

    /// <summary>Writes a checkpoint under some name. Its bytes are durable then, its name is not.</summary>
    /// <returns>Its length.</returns>
    public static long Write(SegmentCatalog catalog, string name, CheckpointState state)
    {
        byte[] bytes = CheckpointFormat.Encode(state, catalog.StoreId);
        using IStorageFile file = catalog.Files.Open(name, FileIntent.OpenOrCreate);
        file.SetLength(0);
        file.Write(bytes, 0);
        file.Sync(SyncKind.Full);
        return bytes.Length;
    }
}
