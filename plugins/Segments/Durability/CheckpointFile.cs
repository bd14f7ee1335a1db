using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Reads and atomically replaces the checkpoint file.</summary>
internal static class CheckpointFile
{
    /// <summary>Reads the checkpoint.</summary>
    /// <exception cref="StorageException">It is missing, damaged, foreign, or of another format.</exception>
    public static CheckpointState Read(SegmentCatalog catalog, out long fileBytes)
    {
        string path = catalog.PathOf(SegmentFormat.CheckpointName);
        using IStorageFile file = catalog.Files.Open(SegmentFormat.CheckpointName, FileIntent.Read);
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
        byte[] bytes = CheckpointFormat.Encode(state, catalog.StoreId);
        using (IStorageFile draft = catalog.Files.Open(SegmentFormat.CheckpointDraftName, FileIntent.OpenOrCreate))
        {
            draft.SetLength(0);
            draft.Write(bytes, 0);
            draft.Sync(SyncKind.Full);
        }

        catalog.Files.Rename(SegmentFormat.CheckpointDraftName, SegmentFormat.CheckpointName);
        catalog.Files.Sync();
        return bytes.Length;
    }
}
