namespace Mortise.Wal.Format;

/// <summary>Refuses what other versions and other stores wrote.</summary>
internal static class FormatVersion
{
    private static string Readable => $"{WalFormat.OldestReadable} to {WalFormat.Version}";

    public static void Check(uint version, string file)
    {
        if (version > WalFormat.Version)
        {
            throw new StorageException(
                StorageErrorCode.FormatTooNew,
                $"{WalFormat.Name} format version {version}; this plugin reads {Readable}",
                file, 8, "open the store with a newer plugin");
        }

        if (version < WalFormat.OldestReadable)
        {
            throw new StorageException(
                StorageErrorCode.FormatTooOld,
                $"{WalFormat.Name} format version {version}; this plugin reads {Readable}",
                file, 8, "upgrade the store with an older plugin first");
        }
    }

    public static void CheckStore(Guid found, Guid? expected, string file)
    {
        if (expected is { } store && found != store)
        {
            throw new StorageException(
                StorageErrorCode.ForeignFile, $"belongs to store {found}, this is store {store}", file, 16);
        }
    }
}
