using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Loading;

/// <summary>H36: a plugin that was starting when processes died does not start again by itself.</summary>
public sealed class CrashMarksTests : IDisposable
{
    private readonly TemporaryFolder _root = new();
    private readonly string _marks;
    private readonly string _sha256;

    public CrashMarksTests()
    {
        _marks = Path.Combine(_root.Path, "marks");
        new EmittedPlugin("Acme.Suspect").WithEntry("Entry").WriteTo(Plugins);
        _sha256 = PluginFolder.Hash(Installed().Folder).Sha256;
    }

    private TemporaryFolder Plugins { get; } = new();

    public void Dispose()
    {
        Plugins.Dispose();
        _root.Dispose();
    }

    [Fact]
    public void Two_deaths_quarantine_and_a_release_ends_it()
    {
        Die();
        Die();
        PluginLoadException refused = Assert.Throws<PluginLoadException>(() => Load());
        Problem problem = Assert.Single(refused.Problems);
        Assert.Equal(ProblemCode.Quarantined, problem.Code);
        Assert.Contains("was starting when 2 processes died", problem.Message, StringComparison.Ordinal);
        Assert.Contains("mortise plugins release acme.sample", problem.Message, StringComparison.Ordinal);
        new CrashMarks(_marks).Release(Installed());
        Load();
    }

    [Fact]
    public void A_start_that_goes_well_forgets_one_death()
    {
        for (int i = 0; i < 3; i++)
        {
            Die();
            Load();
        }

        Assert.Empty(Directory.GetFiles(_marks));
    }

    [Fact]
    public void Who_is_starting_it_right_now_has_not_died()
    {
        var marks = new CrashMarks(_marks);
        using (marks.Begin(_sha256, "acme.sample 1.0.0"))
        using (marks.Begin(_sha256, "acme.sample 1.0.0"))
        {
            Assert.Equal(0, marks.Deaths(_sha256));
            Load();
        }

        Assert.Empty(Directory.GetFiles(_marks));
    }

    [Fact]
    public void A_start_that_fails_in_order_is_no_death()
    {
        using var other = new TemporaryFolder();
        new EmittedPlugin("Acme.Suspect").WithEntry("Entry", EmittedPlugin.Throw).WriteTo(other);
        InstalledPlugin broken = PluginCatalog.Scan([other.Path]).Plugins.Single();
        for (int i = 0; i < 3; i++)
        {
            PluginLoadException e = Assert.Throws<PluginLoadException>(() => Loader().Load(broken));
            Assert.Equal(ProblemCode.LoadFailed, e.Problems.Single().Code);
        }
    }

    [Fact]
    public void Other_files_of_the_same_name_are_another_plugin()
    {
        Die();
        Die();
        File.AppendAllText(Path.Combine(Installed().Folder, "notes.txt"), "fixed");
        Load();
    }

    /// <summary>What a process leaves that dies while the plugin starts: the file, and no lock on it.</summary>
    private void Die()
    {
        Directory.CreateDirectory(_marks);
        string[] before = Directory.GetFiles(_marks);
        using IDisposable mark = new CrashMarks(_marks).Begin(_sha256, "acme.sample 1.0.0");
        string made = Directory.GetFiles(_marks).Except(before).Single();
        mark.Dispose();
        File.WriteAllText(made, "acme.sample 1.0.0\n");
    }

    private PluginLoader Loader() =>
        new(new PluginLoaderOptions { Log = NullLog.Instance, CrashMarks = new CrashMarks(_marks) });

    private LoadedPlugin Load() => Loader().Load(Installed());

    private InstalledPlugin Installed() => PluginCatalog.Scan([Plugins.Path]).Plugins.Single();
}
