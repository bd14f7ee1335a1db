using Mortise.Files;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
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

    [Fact]
    public void What_was_running_when_a_process_died_is_named_once_and_three_times_in_one_place_quarantine()
    {
        for (int deaths = 1; deaths <= CrashMarks.RunningPatience; deaths++)
        {
            Load();
            DieIn(FlightPhase.Apply);
            Assert.Equal(
                "an earlier process ended while acme.sample 1.0.0 was in 'apply' of indexes/id/all: a crash of that code, or "
                + "a kill meanwhile",
                Assert.Single(new CrashMarks(_marks).Settle()));
            Assert.Empty(new CrashMarks(_marks).Settle());
        }

        Problem problem = Assert.Single(Assert.Throws<PluginLoadException>(() => Load()).Problems);
        Assert.Equal(ProblemCode.Quarantined, problem.Code);
        Assert.Contains("was in 'apply' when 3 processes died", problem.Message, StringComparison.Ordinal);
        Assert.NotNull(new CrashMarks(_marks).Objection(Installed()));
        new CrashMarks(_marks).Release(Installed());
        Load();
        Assert.Empty(Directory.GetFiles(_marks, "*.running"));
    }

    [Fact]
    public void Who_comes_through_it_once_is_not_suspected_any_more()
    {
        for (int i = 0; i < CrashMarks.RunningPatience; i++)
        {
            DieIn(FlightPhase.Step);
            DieIn(FlightPhase.Apply);
            var marks = new CrashMarks(_marks);
            marks.Settle();
            FlightRecorder.Flight next = Follow(marks);
            next.Enter(FlightPhase.Step).Dispose();
            next.End();
        }

        // Coming through a step says nothing of what is applied.
        Assert.Equal(
            CrashMarks.RunningPatience, Directory.GetFiles(_marks, $"{_sha256}.{(int)FlightPhase.Apply}.*").Length);
        Assert.Empty(Directory.GetFiles(_marks, $"{_sha256}.{(int)FlightPhase.Step}.*"));
    }

    [Theory]
    [InlineData(FlightPhase.Sync)]
    [InlineData(FlightPhase.Checkpoint)]
    public void Where_kills_fall_is_named_and_does_not_count(FlightPhase phase)
    {
        for (int i = 0; i <= CrashMarks.RunningPatience; i++)
        {
            DieIn(phase);
            Assert.Single(new CrashMarks(_marks).Settle());
        }

        Load();
    }

    [Fact]
    public void Who_is_running_right_now_has_not_died()
    {
        var marks = new CrashMarks(_marks);
        FlightRecorder.Flight flight = Follow(marks);
        using (flight.Enter(FlightPhase.Apply))
        {
            Assert.Empty(new CrashMarks(_marks).Settle());
        }

        flight.End();
    }

    [Fact]
    public void A_place_whose_call_still_runs_is_not_given_to_another()
    {
        var marks = new CrashMarks(_marks);
        FlightRecorder.Flight late = Follow(marks);
        FlightRecorder.Flight.Mark mark = late.Enter(FlightPhase.Step);
        late.End();
        for (int i = 1; i < FlightRecorder.Places; i++)
        {
            Assert.NotNull(marks.Follow(Origin(), $"indexes/{i}", static e => throw e));
        }

        Assert.Null(marks.Follow(Origin(), "indexes/none", static e => throw e));
        mark.Dispose();
    }

    [Fact]
    public void A_file_that_is_no_recording_says_nothing_and_goes()
    {
        Directory.CreateDirectory(_marks);
        byte[] noise = new byte[FlightRecorder.HeadBytes + (FlightRecorder.Places * FlightRecorder.PlaceBytes)];
        new Random(7).NextBytes(noise);
        File.WriteAllBytes(Path.Combine(_marks, "a.flight"), noise);
        "MFLT\u0001\0\0\0"u8.CopyTo(noise);
        File.WriteAllBytes(Path.Combine(_marks, "b.flight"), noise);
        File.WriteAllBytes(Path.Combine(_marks, "c.flight"), noise[..700]);
        File.WriteAllBytes(Path.Combine(_marks, "d.flight"), []);
        Assert.Empty(new CrashMarks(_marks).Settle());
        Assert.Empty(Directory.GetFiles(_marks));
    }

    /// <summary>What a process leaves that dies while an instance of the plugin does something.</summary>
    private void DieIn(FlightPhase phase)
    {
        // Recorded elsewhere, where nothing is known of earlier deaths: this process comes through it.
        string elsewhere = _marks + "-elsewhere";
        FlightRecorder.Flight flight = Follow(new CrashMarks(elsewhere));
        string recording = Directory.GetFiles(elsewhere, "*.flight").Single();
        byte[] bytes;
        using (flight.Enter(phase))
        using (IStorageFile file = PosixDirectory.OpenRoot(elsewhere).Open(Path.GetFileName(recording), FileIntent.Read))
        {
            bytes = new byte[file.Length];
            file.Read(bytes, 0);
        }

        flight.End();
        Directory.CreateDirectory(_marks);
        File.WriteAllBytes(Path.Combine(_marks, $"{Guid.NewGuid():n}.flight"), bytes);
    }

    private FlightRecorder.Flight Follow(CrashMarks marks) =>
        marks.Follow(Origin(), "indexes/id/all", static e => throw e)!;

    private PluginOrigin Origin() => new()
    {
        Id = "acme.sample",
        Version = new NuGet.Versioning.NuGetVersion(1, 0, 0),
        Folder = "",
        LoadedFrom = "",
        Sha256 = _sha256,
        Bytes = 0,
    };

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
