using System.IO.Compression;
using System.Text;

namespace Mortise.Conformance;

/// <summary>The files of a component as one version of its format left them, and what they hold.</summary>
/// <remarks>Made once for each format version, by the release that brought it, and kept for ever: later releases open
/// it (law C13). The content is what the kit's own script puts in, as one text.</remarks>
public sealed class GoldenStore
{
    private const string ContentEntry = "content.txt";
    private const string FilesFolder = "files/";

    // Any fixed time, so that equal stores make equal archives.
    private static readonly DateTimeOffset s_time = new(2000, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>The format version that wrote it.</summary>
    public required int FormatVersion { get; init; }

    /// <summary>The files, by their paths below the component's directory.</summary>
    public required IReadOnlyList<(string Path, byte[] Bytes)> Files { get; init; }

    /// <summary>All that it holds, as one text to compare.</summary>
    public required string Content { get; init; }

    /// <summary>The name that <see cref="GoldenFolder"/> looks for.</summary>
    /// <param name="component">The component's id.</param>
    /// <param name="formatVersion">The format version.</param>
    public static string FileName(string component, int formatVersion) => $"{component}-v{formatVersion}.zip";

    /// <summary>Reads it from a zip archive.</summary>
    /// <param name="from">The archive.</param>
    /// <param name="formatVersion">The format version that wrote it.</param>
    /// <exception cref="InvalidDataException">It is none.</exception>
    public static GoldenStore Read(Stream from, int formatVersion)
    {
        using ZipArchive archive = new(from, ZipArchiveMode.Read);
        ZipArchiveEntry content = archive.GetEntry(ContentEntry)
            ?? throw new InvalidDataException($"a golden store has no {ContentEntry}");
        return new GoldenStore
        {
            FormatVersion = formatVersion,
            Content = Encoding.UTF8.GetString(Bytes(content)),
            Files =
            [
                .. archive.Entries
                    .Where(entry => entry.FullName.StartsWith(FilesFolder, StringComparison.Ordinal))
                    .Select(entry => (entry.FullName[FilesFolder.Length..], Bytes(entry))),
            ],
        };
    }

    /// <summary>Writes it as a zip archive.</summary>
    public void Write(Stream to)
    {
        using ZipArchive archive = new(to, ZipArchiveMode.Create, leaveOpen: true);
        Add(archive, ContentEntry, Encoding.UTF8.GetBytes(Content));
        foreach ((string path, byte[] bytes) in Files)
        {
            Add(archive, FilesFolder + path, bytes);
        }
    }

    private static void Add(ZipArchive archive, string name, byte[] bytes)
    {
        ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.SmallestSize);
        entry.LastWriteTime = s_time;
        using Stream stream = entry.Open();
        stream.Write(bytes);
    }

    private static byte[] Bytes(ZipArchiveEntry entry)
    {
        using Stream stream = entry.Open();
        using MemoryStream bytes = new();
        stream.CopyTo(bytes);
        return bytes.ToArray();
    }
}
