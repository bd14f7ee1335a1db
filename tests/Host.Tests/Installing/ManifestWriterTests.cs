using System.IO.Compression;
using System.Security.Cryptography;
using System.Text.Json;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Host.Loading;

namespace Mortise.Host.Tests.Installing;

/// <summary>H2, H48: what the build writes of a plugin is what the plugin is.</summary>
public sealed class ManifestWriterTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string> Bundled =>
        [.. PluginCatalog.Scan([Repository.Plugins]).Plugins.Select(static p => p.Manifest.Id)];

    [Theory]
    [MemberData(nameof(Bundled))]
    public void The_manifest_of_a_bundled_plugin_is_the_one_that_would_be_generated(string id)
    {
        InstalledPlugin installed = PluginCatalog.Scan([Repository.Plugins]).Plugins.Single(p => p.Manifest.Id == id);
        string copy = CopyOf(installed);
        string written = new ManifestWriter
        {
            Id = id,
            Version = installed.Manifest.Version.ToNormalizedString(),
            Summary = installed.Manifest.Summary,
        }.Write(Path.Combine(copy, installed.Manifest.Assembly));
        var problems = new List<Problem>();
        PluginManifest generated = PluginManifest.Parse(written, File.ReadAllBytes(written), problems)!;
        Assert.Empty(problems);
        static string Describe(PluginManifest m) => string.Join('\n', m.Components.Select(
            static c => $"{c.Id} {c.Kind} {c.Format} {c.FormatVersion} {c.OldestReadable}").Order());
        Assert.Equal(Describe(installed.Manifest), Describe(generated));
        Assert.Equal(installed.Manifest.Contract.ToString(), generated.Contract.ToString());
        Assert.Equal(Directory.GetFiles(copy).Length - 1, generated.Files.Count);
    }

    [Fact]
    public void A_package_is_the_same_bytes_twice_installs_and_runs()
    {
        InstalledPlugin installed = PluginCatalog.Scan([Repository.Plugins]).Plugins.Single(
            static p => p.Manifest.Id == "mortise.partitioning");
        string copy = CopyOf(installed);
        new ManifestWriter { Id = "acme.copy", Version = "2.0.0", Summary = "A copy." }
            .Write(Path.Combine(copy, installed.Manifest.Assembly));
        string[] packages = [Path.Combine(_folder.Path, "1.nupkg"), Path.Combine(_folder.Path, "2.nupkg")];
        foreach (string package in packages)
        {
            PackageWriter.Write(copy, package);
        }

        Assert.Equal(File.ReadAllBytes(packages[0]), File.ReadAllBytes(packages[1]));
        AssertBillOfMaterials(packages[0], copy);
        InstalledPlugin added = new PluginInstaller(Path.Combine(_folder.Path, "root")).Add(packages[0]);
        LoadedPlugin loaded = new PluginLoader(new PluginLoaderOptions { Log = Host.Running.NullLog.Instance }).Load(added);
        Assert.Equal("acme.copy 2.0.0", loaded.Origin.ToString());
        File.AppendAllText(Path.Combine(copy, "Mortise.Primitives.dll"), "x");
        Assert.Throws<PluginLoadException>(() => PackageWriter.Write(copy, packages[0]));
    }

    private static void AssertBillOfMaterials(string package, string folder)
    {
        using ZipArchive archive = ZipFile.OpenRead(package);
        using Stream stream = archive.GetEntry("bom.cdx.json")!.Open();
        JsonElement bill = JsonDocument.Parse(stream).RootElement;
        Assert.Equal("CycloneDX", bill.GetProperty("bomFormat").GetString());
        ILookup<string, JsonElement> components = bill.GetProperty("components").EnumerateArray()
            .ToLookup(static c => c.GetProperty("type").GetString()!);
        Assert.Contains(
            components["library"], static c => c.GetProperty("name").GetString() == "Mortise.Primitives");
        Assert.Equal(
            Directory.GetFiles(folder).Select(Path.GetFileName).Order(StringComparer.Ordinal),
            components["file"].Select(static c => c.GetProperty("name").GetString()).Order(StringComparer.Ordinal));
        foreach (JsonElement file in components["file"])
        {
            byte[] bytes = File.ReadAllBytes(Path.Combine(folder, file.GetProperty("name").GetString()!));
            Assert.Equal(
                Convert.ToHexStringLower(SHA256.HashData(bytes)),
                file.GetProperty("hashes")[0].GetProperty("content").GetString());
        }
    }

    private string CopyOf(InstalledPlugin plugin)
    {
        string copy = Directory.CreateDirectory(Path.Combine(_folder.Path, "copy")).FullName;
        foreach (string file in Directory.GetFiles(plugin.Folder))
        {
            if (Path.GetFileName(file) != PluginManifest.FileName)
            {
                File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
            }
        }

        return copy;
    }
}
