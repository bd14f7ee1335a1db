using System.Security.Cryptography;
using System.Text;

namespace Mortise.Host.Loading;

/// <summary>The files of a plugin as one value.</summary>
internal static class PluginFolder
{
    /// <summary>Hashes names and contents of all files below a folder.</summary>
    /// <returns>SHA-256 in lower-case hexadecimal, and the bytes of all files.</returns>
    public static (string Sha256, long Bytes) Hash(string folder)
    {
        using var all = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        long bytes = 0;
        foreach (string path in Files(folder))
        {
            // Each file counts by the hash of its content, so that no shift of bytes between name and content is equal.
            using FileStream file = File.OpenRead(path);
            all.AppendData(NameOf(folder, path));
            all.AppendData(SHA256.HashData(file));
            bytes += file.Length;
        }

        return (Convert.ToHexStringLower(all.GetHashAndReset()), bytes);
    }

    /// <summary>A file's name as it is hashed: relative, with '/', ended by a line feed.</summary>
    public static byte[] NameOf(string folder, string path) => Encoding.UTF8.GetBytes(
        Path.GetRelativePath(folder, path).Replace(Path.DirectorySeparatorChar, '/') + "\n");

    /// <summary>All files below a folder, in ordinal order.</summary>
    public static IReadOnlyList<string> Files(string folder) =>
        [.. Directory.GetFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal)];
}
