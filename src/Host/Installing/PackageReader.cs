using System.IO.Compression;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>Unpacks a plugin's package (a <c>.nupkg</c> or <c>.zip</c>) into a folder, treating every name and length
/// in it as hostile.</summary>
/// <remarks>The plugin is the folder of the package that holds <c>plugin.json</c>; the rest is the package's own
/// affair and stays behind. Nothing is written unless every name is good.</remarks>
internal static class PackageReader
{
    private const int MaxFiles = 2_000;
    private const long MaxBytes = 512L << 20;
    private const int LinkKind = 0xA000;
    private const int KindMask = 0xF000;

    private static readonly HashSet<string> s_devices = new(StringComparer.OrdinalIgnoreCase)
    {
        "con", "prn", "aux", "nul", "com1", "com2", "com3", "com4", "lpt1", "lpt2", "lpt3",
    };

    /// <summary>Unpacks a package.</summary>
    /// <param name="package">The file.</param>
    /// <param name="target">An empty folder.</param>
    /// <param name="problems">Receives every bad name; nothing is written then.</param>
    public static void Unpack(string package, string target, ICollection<Problem> problems)
    {
        var at = new SourcePosition(package);
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(package);
            Unpack(archive, target, at, problems);
        }
        catch (InvalidDataException e)
        {
            problems.Add(new Problem(ProblemCode.Syntax, at, $"not a package: {e.Message}"));
        }
    }

    /// <summary>Why a name must not be written below a folder; null when it may.</summary>
    public static string? Objection(string name)
    {
        if (name.Length is 0 or > 300)
        {
            return $"is {name.Length} characters long";
        }

        if (name.Any(static c => char.IsControl(c) || c is '\\' or ':' or '*' or '?' or '"' or '<' or '>' or '|'))
        {
            return "has a character that no file name should have";
        }

        if (name[0] == '/')
        {
            return "is absolute";
        }

        foreach (string part in name.Split('/'))
        {
            if (part is "" or "." or "..")
            {
                return "leads out of the folder or nowhere";
            }

            if (part[^1] is '.' or ' ' || s_devices.Contains(part.Split('.')[0]))
            {
                return "names something else on another system";
            }
        }

        return null;
    }

    private static void Unpack(ZipArchive archive, string target, SourcePosition at, ICollection<Problem> problems)
    {
        void Bad(string name, string why) =>
            problems.Add(new Problem(ProblemCode.UnsafePath, at, $"the entry '{Printable(name)}' {why}"));

        ZipArchiveEntry[] manifests = [.. archive.Entries.Where(static e => e.Name == PluginManifest.FileName)];
        if (manifests.Length != 1)
        {
            problems.Add(new Problem(
                ProblemCode.LoadFailed,
                at,
                $"a plugin's package has one {PluginManifest.FileName}; this has {manifests.Length}"));
            return;
        }

        string inside = manifests[0].FullName[..^PluginManifest.FileName.Length];
        var files = new List<(string Name, ZipArchiveEntry Entry)>();
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        long bytes = 0;
        foreach (ZipArchiveEntry entry in archive.Entries)
        {
            bool isFolder = entry.FullName.EndsWith('/');
            string whole = isFolder ? entry.FullName.TrimEnd('/') : entry.FullName;
            if (Objection(whole) is { } objection)
            {
                // Also outside the plugin's part: who packs such a name means no good.
                Bad(entry.FullName, objection);
            }
            else if (((entry.ExternalAttributes >> 16) & KindMask) == LinkKind)
            {
                Bad(entry.FullName, "is a symbolic link");
            }
            else if (!isFolder && entry.FullName.StartsWith(inside, StringComparison.Ordinal))
            {
                if (!seen.Add(entry.FullName))
                {
                    Bad(entry.FullName, "is there twice, or differs from another only in case");
                }

                bytes += entry.Length;
                files.Add((entry.FullName[inside.Length..], entry));
            }
        }

        foreach ((string name, ZipArchiveEntry entry) in files)
        {
            for (int slash = name.IndexOf('/', StringComparison.Ordinal); slash >= 0;
                slash = name.IndexOf('/', slash + 1))
            {
                if (seen.Contains(inside + name[..slash]))
                {
                    Bad(entry.FullName, "is below a name that is a file");
                }
            }
        }

        if (files.Count > MaxFiles || bytes > MaxBytes)
        {
            problems.Add(new Problem(
                ProblemCode.TooLarge,
                at,
                $"{files.Count} files of {bytes} bytes; the most are {MaxFiles} files of {MaxBytes} bytes"));
        }

        if (problems.Count == 0)
        {
            foreach ((string name, ZipArchiveEntry entry) in files)
            {
                Write(entry, Path.Combine(target, name));
            }
        }
    }

    /// <summary>Writes one file, and no more of it than its entry announces.</summary>
    private static void Write(ZipArchiveEntry entry, string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using Stream from = entry.Open();
        using FileStream to = new(path, FileMode.CreateNew, FileAccess.Write, FileShare.None);
        byte[] buffer = new byte[64 << 10];
        long left = entry.Length;
        for (int read; (read = from.Read(buffer)) > 0; left -= read)
        {
            if (read > left)
            {
                throw new InvalidDataException($"'{entry.FullName}' is longer than it says");
            }

            to.Write(buffer, 0, read);
        }
    }

    private static string Printable(string name) =>
        string.Concat(name.Take(100).Select(static c => char.IsControl(c) ? '?' : c));
}
