using System.IO.Compression;
using System.Security;
using System.Text;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Host.Installing;

/// <summary>Packs a plugin's folder into one file that <c>plugins add</c> takes and a package registry too.</summary>
/// <remarks>The same folder gives the same bytes: names in order, one fixed time, no compression level that
/// varies.</remarks>
public static class PackageWriter
{
    private const string Inside = "plugin/";

    // The first time that a zip archive can have.
    private static readonly DateTimeOffset s_time = new(1980, 1, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Packs a folder.</summary>
    /// <param name="folder">A plugin's folder, manifest included.</param>
    /// <param name="package">The file to make or replace.</param>
    /// <exception cref="PluginLoadException">It is no plugin that this host could load; nothing is written.</exception>
    public static void Write(string folder, string package)
    {
        var problems = new List<Problem>();
        string full = Path.GetFullPath(folder);
        string manifestPath = Path.Combine(full, PluginManifest.FileName);
        if (!File.Exists(manifestPath))
        {
            throw new PluginLoadException(
                [new Problem(ProblemCode.LoadFailed, new SourcePosition(manifestPath), "there is no such file")]);
        }

        PluginManifest? manifest = PluginManifest.Parse(manifestPath, File.ReadAllBytes(manifestPath), problems);
        if (manifest is not null)
        {
            FolderSafety.CheckBelow(full, strict: false, manifest.At, problems);
            PluginInspection.Check(new InstalledPlugin(manifest, full), problems);
        }

        if (problems.Count > 0)
        {
            throw new PluginLoadException(Problem.Sorted(problems));
        }

        using FileStream file = File.Create(package);
        using var archive = new ZipArchive(file, ZipArchiveMode.Create, leaveOpen: false, Encoding.UTF8);
        Add(archive, $"{manifest!.Id}.nuspec", Encoding.UTF8.GetBytes(Specification(manifest)));
        Add(archive, BillOfMaterials.FileName, BillOfMaterials.Of(manifest, full));
        foreach (string path in PluginFolder.Files(full))
        {
            string name = Path.GetRelativePath(full, path).Replace(Path.DirectorySeparatorChar, '/');
            Add(archive, Inside + name, File.ReadAllBytes(path));
        }
    }

    private static void Add(ZipArchive archive, string name, byte[] bytes)
    {
        ZipArchiveEntry entry = archive.CreateEntry(name, CompressionLevel.Optimal);
        entry.LastWriteTime = s_time;
        using Stream to = entry.Open();
        to.Write(bytes);
    }

    private static string Specification(PluginManifest manifest) => $"""
        <?xml version="1.0" encoding="utf-8"?>
        <package xmlns="http://schemas.microsoft.com/packaging/2013/05/nuspec.xsd">
          <metadata>
            <id>{SecurityElement.Escape(manifest.Id)}</id>
            <version>{SecurityElement.Escape(manifest.Version.ToNormalizedString())}</version>
            <authors>{SecurityElement.Escape(manifest.Id.Split('.')[0])}</authors>
            <description>{SecurityElement.Escape(manifest.Summary.Length == 0 ? manifest.Id : manifest.Summary)}</description>
            <packageTypes><packageType name="MortisePlugin" /></packageTypes>
          </metadata>
        </package>

        """;
}
