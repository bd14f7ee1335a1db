using System.IO.Compression;
using Mortise.Host.Configuration;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Host.Tests.Loading;

namespace Mortise.Host.Tests.Installing;

/// <summary>H40, H42, H43, H44 and what <c>plugins add</c> promises.</summary>
public sealed class InstallTests : IDisposable
{
    private readonly TemporaryFolder _source = new();
    private readonly TemporaryFolder _root = new();
    private readonly PluginInstaller _installer;

    public InstallTests() => _installer = new PluginInstaller(Path.Combine(_root.Path, "plugins"));

    public void Dispose()
    {
        _source.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void A_folder_is_installed_under_its_id_and_version_and_found()
    {
        InstalledPlugin added = _installer.Add(Sample());
        Assert.EndsWith(Path.Combine("plugins", "acme.sample", "1.0.0"), added.Folder, StringComparison.Ordinal);
        Assert.Equal(added.Folder, Assert.Single(Scan().Plugins).Folder);

        // Again is no change; other files under the same version are, and must be asked for.
        Assert.Equal(added.Folder, _installer.Add(Sample()).Folder);
        _source.Write("Sample/1.0.0/notes.txt", "new");
        Assert.Contains(
            "with other files; replace it, or raise the version", Refused(() => _installer.Add(Sample())), StringComparison.Ordinal);
        _installer.Add(Sample(), replace: true);
        Assert.True(File.Exists(Path.Combine(added.Folder, "notes.txt")));
        _installer.Remove(Assert.Single(Scan().Plugins));
        Assert.Empty(Scan().Plugins);
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_root.Path, "plugins")));
    }

    [Fact]
    public void A_package_is_the_folder_with_the_manifest_in_it()
    {
        string package = Path.Combine(_source.Path, "acme.nupkg");
        using (ZipArchive zip = ZipFile.Open(package, ZipArchiveMode.Create))
        {
            zip.CreateEntry("acme.nuspec");
            foreach (string file in Directory.GetFiles(Sample()))
            {
                zip.CreateEntryFromFile(file, $"mortise/{Path.GetFileName(file)}");
            }
        }

        InstalledPlugin added = _installer.Add(package);
        Assert.False(File.Exists(Path.Combine(added.Folder, "acme.nuspec")));
        Assert.Equal("acme.sample", new PluginLoader(new PluginLoaderOptions { Log = NullLog.Instance }).Load(added).Origin.Id);
    }

    [Fact]
    public void What_could_not_be_loaded_is_not_installed()
    {
        EmittedPlugin wrong = new EmittedPlugin().WithEntry("Entry");
        wrong.Manifest = wrong.Manifest.Replace("\"^1.0\"", "\"^7.0\"", StringComparison.Ordinal);
        string folder = wrong.WriteTo(_source, "Wrong");
        Assert.Contains("works with contract ^7.0", Refused(() => _installer.Add(folder)), StringComparison.Ordinal);
        File.Delete(Path.Combine(folder, "plugin.json"));
        Assert.Contains("plugin.json: there is no such file", Refused(() => _installer.Add(folder)), StringComparison.Ordinal);
        Assert.Contains("no such package or folder", Refused(() => _installer.Add(folder + "x")), StringComparison.Ordinal);
        Assert.Contains("not a package", Refused(() => _installer.Add(_source.Write("x.nupkg", "no zip"))), StringComparison.Ordinal);
        Assert.Empty(Scan().Plugins);
    }

    [Fact]
    public void Trust_is_kept_beside_the_plugins_and_goes_with_them()
    {
        InstalledPlugin added = _installer.Add(Sample());
        string root = Path.Combine(_root.Path, "plugins");
        Assert.Null(PluginInstaller.ReadTrust(root));
        _installer.Trust(added);
        Assert.Null(PluginInstaller.ReadTrust(root)!.Objection(added, PluginFolder.Hash(added.Folder).Sha256));
        File.WriteAllText(Path.Combine(added.Folder, "more.txt"), "more");
        Assert.NotNull(PluginInstaller.ReadTrust(root)!.Objection(added, PluginFolder.Hash(added.Folder).Sha256));
        _installer.Trust(added);
        Assert.Null(PluginInstaller.ReadTrust(root)!.Objection(added, PluginFolder.Hash(added.Folder).Sha256));
        _installer.Remove(added);
        Assert.DoesNotContain("acme.sample", PluginInstaller.ReadTrust(root)!.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../evil.dll")]
    [InlineData("mortise/../../evil.dll")]
    [InlineData("/etc/evil.dll")]
    [InlineData("..\\evil.dll")]
    [InlineData("C:/evil.dll")]
    [InlineData("mortise//evil.dll")]
    [InlineData("mortise/./evil.dll")]
    [InlineData("mortise/PLUGIN.dll")]
    [InlineData("mortise/plugin.dll/evil.dll")]
    [InlineData("mortise/nul.dll")]
    [InlineData("mortise/evil.dll.")]
    [InlineData("mortise/ev\0il.dll")]
    [InlineData("mortise/link")]
    [InlineData("mortise/..")]
    public void A_package_cannot_write_outside_its_folder_or_over_itself(string name)
    {
        string package = Path.Combine(_source.Path, "evil.nupkg");
        using (ZipArchive zip = ZipFile.Open(package, ZipArchiveMode.Create))
        {
            foreach (string file in Directory.GetFiles(Sample()))
            {
                zip.CreateEntryFromFile(file, $"mortise/{Path.GetFileName(file)}");
            }

            zip.CreateEntry("mortise/plugin.dll");
            ZipArchiveEntry evil = zip.CreateEntry(name);
            evil.ExternalAttributes = name == "mortise/link" ? unchecked((int)0xA1FF0000) : 0;
            using var writer = new StreamWriter(evil.Open());
            writer.Write("/etc/passwd");
        }

        string[] before = Directory.GetFileSystemEntries(_root.Path, "*", SearchOption.AllDirectories);
        PluginLoadException refused = Assert.Throws<PluginLoadException>(() => _installer.Add(package));
        Assert.All(refused.Problems, static p => Assert.Equal(ProblemCode.UnsafePath, p.Code));
        Assert.Equal(
            before.Append(Path.Combine(_root.Path, "plugins")).Distinct(),
            Directory.GetFileSystemEntries(_root.Path, "*", SearchOption.AllDirectories));
    }

    [Fact]
    public void A_link_in_a_folder_is_refused_and_so_is_what_is_no_file()
    {
        string folder = Sample();
        File.CreateSymbolicLink(Path.Combine(folder, "private.dll"), "/etc/hostname");
        Assert.Contains("is a symbolic link", Refused(() => _installer.Add(folder)), StringComparison.Ordinal);
        Assert.Contains("is a symbolic link", Refused(() => Load(_source.Path)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/a/plug", "/a/plug/x.dll", true)]
    [InlineData("/a/plug", "/a/plug", true)]
    [InlineData("/a/plug", "/a/plug2/x.dll", false)]
    [InlineData("/a/plug", "/a/plug/../x.dll", false)]
    [InlineData("/a/plug", "/a/plug/..x.dll", true)]
    [InlineData("/a/plug/", "/a/plug/y/../x.dll", true)]
    public void A_prefix_of_a_name_is_no_folder(string folder, string path, bool within) =>
        Assert.Equal(within, FolderSafety.IsWithin(folder, path));

    [Fact]
    public void Dependencies_that_lead_out_of_the_folder_are_refused()
    {
        string folder = Sample();
        string deps = Path.Combine(folder, "Acme.Sample.deps.json");
        File.WriteAllText(deps, File.ReadAllText(deps).Replace(
            "\"Acme.Sample.dll\": {}", "\"../../evil.dll\": {}, \"Acme.Sample.dll\": {}", StringComparison.Ordinal));
        Assert.Contains("'../../evil.dll' in Acme.Sample.deps.json, which is outside", Refused(() => _installer.Add(folder)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Sample/1.0.0/Acme.Sample.dll")]
    [InlineData("Sample/1.0.0")]
    [InlineData("Sample")]
    [InlineData("")]
    public void What_everybody_can_write_is_not_loaded_and_the_cure_is_printed(string open)
    {
        Sample();
        string path = Path.Combine(_source.Path, open);
        Load(_source.Path);
        File.SetUnixFileMode(path, (UnixFileMode)0b111_111_111);
        PluginLoadException refused = Assert.Throws<PluginLoadException>(() => Load(_source.Path));
        Assert.Equal(ProblemCode.UnsafePermissions, Assert.Single(refused.Problems).Code);
        Assert.Contains($"run: chmod o-w '{path.TrimEnd('/')}'", refused.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_the_group_can_write_is_refused_where_trust_is_enforced()
    {
        string folder = Sample();
        File.SetUnixFileMode(folder, (UnixFileMode)0b111_111_000);
        Load(_source.Path);
        Assert.Contains("run: chmod g-w", Refused(() => Load(_source.Path, TrustMode.Enforce)), StringComparison.Ordinal);
    }

    [Fact]
    public void Powers_are_read_from_the_code_and_refused_when_not_allowed_or_not_declared()
    {
        EmittedPlugin plugin = new EmittedPlugin("Acme.Powerful").WithEntry("Entry", static code =>
        {
            code.Emit(System.Reflection.Emit.OpCodes.Newobj, typeof(System.Net.Http.HttpClient).GetConstructor([])!);
            code.Emit(System.Reflection.Emit.OpCodes.Pop);
        });
        string folder = plugin.WriteTo(_source);
        File.WriteAllBytes(Path.Combine(folder, "libacme.so"), [0x7F, (byte)'E', (byte)'L', (byte)'F', 2]);
        Assert.Equal(
            PluginPowers.Native | PluginPowers.Network, PluginPowersScan.Combined(PluginPowersScan.Of(folder)));
        Assert.Contains(
            "uses native, which this host does not allow: libacme.so",
            Refused(() => Load(_source.Path, allowed: PluginPowers.All & ~PluginPowers.Native)),
            StringComparison.Ordinal);

        string manifest = Path.Combine(folder, "plugin.json");
        File.WriteAllText(manifest, plugin.Manifest.Replace(
            "\"components\"", "\"posture\": [\"native\"], \"status\": \"alpha\", \"components\"", StringComparison.Ordinal));
        Assert.Contains(
            "uses network and its posture does not say so: Acme.Powerful.dll uses System.Net.Http.HttpClient",
            Refused(() => Load(_source.Path)),
            StringComparison.Ordinal);
        File.WriteAllText(manifest, File.ReadAllText(manifest).Replace("[\"native\"]", "[\"native\", \"network\"]", StringComparison.Ordinal));
        Assert.Equal("acme.sample", Load(_source.Path).Origin.Id);
    }

    [Fact]
    public void Files_that_a_manifest_lists_must_be_those_and_no_others()
    {
        EmittedPlugin plugin = new EmittedPlugin("Acme.Listed").WithEntry("Entry");
        string folder = plugin.WriteTo(_source);
        IEnumerable<string> files = Directory.GetFiles(folder).Where(static f => Path.GetFileName(f) != "plugin.json")
            .Select(static f => $$"""{ "name": "{{Path.GetFileName(f)}}", "sha256": "{{Convert.ToHexStringLower(
                System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(f)))}}" }""");
        File.WriteAllText(Path.Combine(folder, "plugin.json"), plugin.Manifest.Replace(
            "\"components\"", $"\"files\": [{string.Join(", ", files)}], \"components\"", StringComparison.Ordinal));
        Load(_source.Path);
        string extra = _source.Write("Sample/1.0.0/extra.txt", "x");
        Assert.Contains("has extra.txt, which its manifest does not list", Refused(() => Load(_source.Path)), StringComparison.Ordinal);
        File.Delete(extra);
        File.AppendAllText(Path.Combine(folder, "Acme.Listed.deps.json"), " ");
        Assert.Contains("has another Acme.Listed.deps.json than was packed", Refused(() => Load(_source.Path)), StringComparison.Ordinal);
    }

    private static string Refused(Action act) => Assert.Throws<PluginLoadException>(act).Message;

    private static LoadedPlugin Load(
        string root, TrustMode trust = TrustMode.Off, PluginPowers allowed = PluginPowers.All) =>
        new PluginLoader(new PluginLoaderOptions { Trust = new TrustRules(trust, TrustList.Empty), Allowed = allowed, Log = NullLog.Instance })
            .Load(Assert.Single(PluginCatalog.Scan([root]).Plugins));

    private string Sample() => Directory.Exists(Path.Combine(_source.Path, "Sample"))
        ? Path.Combine(_source.Path, "Sample", "1.0.0")
        : new EmittedPlugin().WithEntry("Entry").WriteTo(_source);

    private PluginCatalog Scan() => PluginCatalog.Scan([Path.Combine(_root.Path, "plugins")]);
}
