using System.Globalization;
using System.Text;
using System.Text.Json;
using Mortise.Files;
using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>Reads and atomically replaces the store's manifest.</summary>
/// <remarks>One line <c>mortise-manifest VERSION CRC32C</c>, then JSON; the checksum covers the JSON. A person can read
/// it, a program can trust it. Replaced by write, sync, rename, directory sync.</remarks>
public static class ManifestFile
{
    /// <summary>The file's name in the store's directory.</summary>
    public const string Name = "manifest";

    private const string Magic = "mortise-manifest";
    private const string NewName = "manifest.new";
    private const int MaxBytes = 16 << 20;

    /// <summary>The manifest of a store; null when there is none.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> or
    /// <see cref="StorageErrorCode.FormatTooNew"/>.</exception>
    public static StoreManifest? TryRead(IStorageDirectory root)
    {
        ArgumentNullException.ThrowIfNull(root);
        if (!root.Exists(Name))
        {
            return null;
        }

        using IStorageFile file = root.Open(Name, FileIntent.Read);
        if (file.Length is 0 or > MaxBytes)
        {
            throw StorageException.Corrupt(Name, 0, $"a manifest of {file.Length} bytes");
        }

        byte[] bytes = new byte[file.Length];
        int read = file.Read(bytes, 0);
        int lineEnd = bytes.AsSpan(0, read).IndexOf((byte)'\n');
        string[] head = lineEnd < 0 ? [] : Encoding.ASCII.GetString(bytes, 0, lineEnd).Split(' ');
        if (head.Length != 3
            || head[0] != Magic
            || !int.TryParse(head[1], NumberStyles.None, CultureInfo.InvariantCulture, out int version)
            || !uint.TryParse(head[2], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint expected))
        {
            throw StorageException.Corrupt(Name, 0, $"the first line is not '{Magic} VERSION CHECKSUM'");
        }

        if (version > StoreManifest.CurrentFormatVersion)
        {
            throw new StorageException(
                StorageErrorCode.FormatTooNew,
                $"manifest format {version}, this engine reads up to {StoreManifest.CurrentFormatVersion}",
                Name,
                advice: "open the store with a newer Mortise");
        }

        ReadOnlySpan<byte> json = bytes.AsSpan(lineEnd + 1, read - lineEnd - 1);
        uint found = Crc32C.Of(json);
        if (found != expected)
        {
            throw StorageException.Corrupt(Name, lineEnd + 1, $"checksum {found:x8}, expected {expected:x8}");
        }

        try
        {
            return JsonSerializer.Deserialize(json, ManifestJson.Default.StoreManifest)
                ?? throw StorageException.Corrupt(Name, lineEnd + 1, "the manifest is null");
        }
        catch (JsonException e)
        {
            throw StorageException.Corrupt(Name, lineEnd + 1, $"not a manifest: {e.Message}");
        }
    }

    internal static void Write(IStorageDirectory root, StoreManifest manifest)
    {
        byte[] json = JsonSerializer.SerializeToUtf8Bytes(manifest, ManifestJson.Default.StoreManifest);
        byte[] head = Encoding.ASCII.GetBytes(string.Create(
            CultureInfo.InvariantCulture, $"{Magic} {StoreManifest.CurrentFormatVersion} {Crc32C.Of(json):x8}\n"));
        using (IStorageFile file = root.Open(NewName, FileIntent.OpenOrCreate))
        {
            file.SetLength(0);
            file.Write(head, 0);
            file.Write(json, head.Length);
            file.Sync(SyncKind.Full);
        }

        root.Rename(NewName, Name);
        root.Sync();
    }
}
