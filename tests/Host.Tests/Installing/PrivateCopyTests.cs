using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Host.Tests.Loading;

namespace Mortise.Host.Tests.Installing;

/// <summary>H12 and H41: what was checked is what runs, and what runs is nobody else's.</summary>
public sealed class PrivateCopyTests : IDisposable
{
    private static readonly DateTimeOffset s_later = DateTimeOffset.UnixEpoch.AddYears(200);

    private readonly TemporaryFolder _root = new();
    private readonly TemporaryFolder _cache = new();
    private readonly PrivateCopies _copies;

    public PrivateCopyTests() => _copies = new PrivateCopies(Path.Combine(_cache.Path, "copies"));

    public void Dispose()
    {
        _root.Dispose();
        _cache.Dispose();
    }

    [Fact]
    public void Code_is_loaded_from_a_copy_that_is_named_by_its_hash()
    {
        string folder = new EmittedPlugin("Acme.Copied").WithEntry("Entry").WriteTo(_root);
        LoadedPlugin loaded = Loader().Load(Installed());
        Assert.Equal(folder, loaded.Origin.Folder);
        Assert.Equal(Path.Combine(_copies.Folder, loaded.Origin.Sha256), loaded.Origin.LoadedFrom);
        Assert.StartsWith(loaded.Origin.LoadedFrom, loaded.Assembly.Location, StringComparison.Ordinal);
        Assert.Equal(PluginFolder.Hash(folder).Sha256, PluginFolder.Hash(loaded.Origin.LoadedFrom).Sha256);
    }

    [Theory]
    [InlineData("rename")]
    [InlineData("overwrite")]
    [InlineData("delete")]
    public void Replacing_an_installed_plugin_leaves_the_running_generation_and_starts_another(string how)
    {
        string folder = new EmittedPlugin("Acme.Replaced").WithEntry("Entry").WriteTo(_root);
        PluginLoader loader = Loader();
        LoadedPlugin first = loader.Load(Installed());
        Replace(folder, how);
        Assert.True(File.Exists(first.Assembly.Location));
        Assert.Equal(first.Origin.Sha256, PluginFolder.Hash(first.Origin.LoadedFrom).Sha256);

        LoadedPlugin second = loader.Load(Installed());
        Assert.NotSame(first.Assembly, second.Assembly);
        Assert.NotEqual(first.Origin.Sha256, second.Origin.Sha256);
        Assert.Equal(2, loader.Loaded.Count);
        Assert.Same(second, loader.Load(Installed()));
    }

    [Fact]
    public void A_file_that_is_exchanged_after_the_hash_does_not_run()
    {
        string folder = new EmittedPlugin("Acme.Raced").WithEntry("Entry").WriteTo(_root);
        using PrivateCopy copy = _copies.Take(folder);
        File.WriteAllText(Path.Combine(folder, "Acme.Raced.dll"), "somebody else's");
        Assert.Equal(copy.Sha256, PluginFolder.Hash(copy.Folder).Sha256);
    }

    [Fact]
    public void A_copy_that_was_spoilt_is_made_again()
    {
        string folder = new EmittedPlugin("Acme.Spoilt").WithEntry("Entry").WriteTo(_root);
        string path;
        using (PrivateCopy copy = _copies.Take(folder))
        {
            path = Path.Combine(copy.Folder, "plugin.json");
        }

        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        File.AppendAllText(path, " ");
        using PrivateCopy again = _copies.Take(folder);
        Assert.Equal(again.Sha256, PluginFolder.Hash(again.Folder).Sha256);
    }

    [Fact]
    public void A_copy_goes_only_when_nobody_leases_it()
    {
        string folder = new EmittedPlugin("Acme.Leased").WithEntry("Entry").WriteTo(_root);
        PrivateCopy one = _copies.Take(folder);
        PrivateCopy two = _copies.Take(folder);
        one.Dispose();
        Assert.Equal(0, _copies.Collect(TimeSpan.Zero, s_later));
        Assert.True(Directory.Exists(two.Folder));
        two.Dispose();
        Assert.Equal(0, _copies.Collect(TimeSpan.FromDays(7), DateTimeOffset.UnixEpoch));
        Assert.Equal(1, _copies.Collect(TimeSpan.Zero, s_later));
        Assert.False(Directory.Exists(two.Folder));
    }

    [Fact]
    public void Many_takers_at_once_get_one_copy()
    {
        string folder = new EmittedPlugin("Acme.Crowded").WithEntry("Entry").WriteTo(_root);
        string[] taken = new string[8];
        Parallel.For(0, taken.Length, i =>
        {
            using PrivateCopy copy = _copies.Take(folder);
            taken[i] = PluginFolder.Hash(copy.Folder).Sha256;
        });
        Assert.Equal(PluginFolder.Hash(folder).Sha256, Assert.Single(taken.Distinct()));
        Assert.Single(Directory.GetDirectories(_copies.Folder));
    }

    [Fact]
    public void A_folder_of_copies_that_others_can_write_is_refused()
    {
        string open = Directory.CreateDirectory(Path.Combine(_cache.Path, "open")).FullName;
        File.SetUnixFileMode(open, (UnixFileMode)0b111_111_111);
        Assert.Contains("chmod 700", Assert.Throws<IOException>(() => new PrivateCopies(open)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_that_cannot_be_made_is_told_with_the_setting_that_names_another()
    {
        string file = Path.Combine(_cache.Path, "a-file");
        File.WriteAllText(file, "");
        string below = Path.Combine(file, "copies");

        string message = Assert.Throws<IOException>(() => new PrivateCopies(below)).Message;

        Assert.Contains(below, message, StringComparison.Ordinal);
        Assert.Contains(PrivateCopies.Variable, message, StringComparison.Ordinal);
    }

    private static void Replace(string folder, string how)
    {
        string readMe = Path.Combine(folder, "readme.txt");
        switch (how)
        {
            case "rename":
                string aside = folder + "-next";
                Directory.CreateDirectory(aside);
                foreach (string file in Directory.GetFiles(folder))
                {
                    File.Copy(file, Path.Combine(aside, Path.GetFileName(file)));
                }

                File.WriteAllText(Path.Combine(aside, "readme.txt"), "second");
                Directory.Delete(folder, recursive: true);
                Directory.Move(aside, folder);
                break;
            case "overwrite":
                File.AppendAllText(Path.Combine(folder, "plugin.json"), "\n");
                break;
            default:
                string manifest = File.ReadAllText(Path.Combine(folder, "plugin.json"));
                File.Delete(Path.Combine(folder, "plugin.json"));
                File.WriteAllText(Path.Combine(folder, "plugin.json"), manifest);
                File.WriteAllText(readMe, "second");
                break;
        }
    }

    private PluginLoader Loader() => new(new PluginLoaderOptions { Copies = _copies, Log = NullLog.Instance });

    private InstalledPlugin Installed() => Assert.Single(PluginCatalog.Scan([_root.Path]).Plugins);
}
