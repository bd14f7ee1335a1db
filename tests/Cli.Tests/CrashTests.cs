using Mortise.Host.Configuration;
using Mortise.Host.Loading;

namespace Mortise.Cli.Tests;

/// <summary>H36: what no host can contain ends the process, and the next one says whose code was running.</summary>
public sealed class CrashTests : IDisposable
{
    private const string Family = "kind-time";

    private static readonly string[] s_settings =
    [
        "--set", $"indexes.{Family}.plugin=mortise.wilful.index", "--set", $"indexes.{Family}.version=>=1.0 <9",
    ];

    private readonly TemporaryFolder _folder = new();
    private readonly WilfulFolder _plugins;

    public CrashTests() => _plugins = new WilfulFolder(_folder.File("plugins"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_plugin_that_ends_the_process_in_a_commit_is_named_and_then_not_started_again()
    {
        _plugins.Install("1.0.0", "ends-in-apply");
        for (int deaths = 0; deaths < CrashMarks.RunningPatience; deaths++)
        {
            (int exit, string said) = await ImportAsync();
            Assert.True(exit is not (ExitCode.Ok or ExitCode.Failed), said);
            Assert.Equal(
                deaths > 0,
                said.Contains(
                    $"an earlier process ended while mortise.wilful 1.0.0 was in 'apply' of indexes/{Family}/all",
                    StringComparison.Ordinal));
        }

        (int refused, string why) = await ImportAsync();
        Assert.Equal(ExitCode.BadInput, refused);
        Assert.Contains("was in 'apply' when 3 processes died", why, StringComparison.Ordinal);
        Assert.Contains("mortise plugins release mortise.wilful", why, StringComparison.Ordinal);

        // Other files are another plugin.
        _plugins.Install("1.0.0");
        (int exitAfter, string after) = await ImportAsync();
        Assert.True(exitAfter == ExitCode.Ok, after);
    }

    [Fact]
    public async Task A_stack_that_overflows_in_the_background_is_laid_to_whose_step_it_was()
    {
        _plugins.Install("1.0.0", "ends-in-step");
        (int exit, string said) = await ImportAsync();
        Assert.True(exit is not (ExitCode.Ok or ExitCode.Failed), said);
        var marks = new CrashMarks(CrashMarks.FolderIn(_folder.File("copies")));
        Assert.Contains(
            marks.Settle(),
            static line => line.Contains("mortise.wilful 1.0.0 was in 'step'", StringComparison.Ordinal));
    }

    private async Task<(int Exit, string Errors)> ImportAsync()
    {
        string file = _folder.File("one.jsonl");
        if (!File.Exists(file))
        {
            await File.WriteAllTextAsync(file, (await ToolRun.OfAsync("generate", "1")).Succeeded().Text);
        }

        await File.WriteAllTextAsync(
            _folder.File("stack.yaml"),
            DefaultStack.Text.Replace("plugins: []", $"plugins: [\"{_plugins.Root}\"]", StringComparison.Ordinal));

        // Without the second variable the runtime may write what was in memory to a file.
        using ToolProcess tool = ToolProcess.StartUnder(
            ["env", $"MORTISE_PLUGIN_CACHE={_folder.File("copies")}", "DOTNET_DbgEnableMiniDump=0"],
            ["import", file, "--data", _folder.Data, "--stack", _folder.File("stack.yaml"), .. s_settings]);
        return (await tool.EndAsync(), await tool.Errors);
    }
}
