using System.Text;
using Mortise.Cli.Commands;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Simulation;

namespace Mortise.Cli.Tests;

public sealed class SimulateTests
{
    [Theory]
    [InlineData("always")]
    [InlineData("batch")]
    [InlineData("never")]
    public async Task The_default_stack_keeps_its_promises_in_every_sync_mode(string mode)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = (await ToolRun.OfAsync(
            "simulate", "--seed", $"{Surroundings.Seed}", "--runs", $"{2 * Surroundings.Soak}", "--steps", "40",
            "--mode", mode, "--data", folder.Data)).Succeeded();
        Assert.Contains($"mode {mode}: every promise was kept", run.Text, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Data));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_promise_that_is_not_kept_is_exit_1_with_a_shrunk_script_and_a_repro(bool asJson)
    {
        // A disk of which nothing reaches the device: whatever is acknowledged is lost with the process.
        ResolvedStack stack = StoreFixture.Resolve(
            "wal.syncMode=always", "wal.segmentSize=64KiB", "wal.prewrite=16KiB");
        var simulation = new StoreSimulation(world =>
            SimulatedStack.Compose(stack, world) with { Root = new OverlayDirectory(world.Disk.Root) });
        using var output = new MemoryStream();
        var context = new CommandContext(
            new GlobalOptions(), new ToolConsole(Stream.Null, output, TextWriter.Null, showsProgress: false));
        var plan = new SimulationPlan(1, 20, 40, "always", ["--set wal.syncMode=always"], asJson);
        Assert.Equal(ExitCode.Failed, await SimulateCommand.RunAsync(context, simulation, plan, default));
        string text = Encoding.UTF8.GetString(output.ToArray());
        Assert.Matches(
            "mortise simulate --seed [0-9]+ --runs 1 --steps 40 --mode always --set wal.syncMode=always", text);
        Assert.Contains("promised", text, StringComparison.Ordinal);
        Assert.DoesNotContain("every promise was kept", text, StringComparison.Ordinal);
    }

    /// <summary>Six stacks have every structure, cache and partition scheme at least once.</summary>
    [Fact]
    public async Task Random_stacks_of_all_bundled_plugins_give_equal_answers()
    {
        ToolRun run = (await ToolRun.OfAsync(
            "simulate", "--stacks", "6", "--seed", $"{Surroundings.Seed}", "--runs", $"{2 * Surroundings.Soak}",
            "--steps", "30")).Succeeded();
        Assert.Contains("all equal", run.Text, StringComparison.Ordinal);
        string[] expected =
        [
            "mortise.btree", "mortise.cache.clock", "mortise.cache.lru", "mortise.cache.s3fifo",
            "mortise.partition.hash", "mortise.partition.none", "mortise.partition.time", "mortise.segments",
            "mortise.wal",
        ];
        Assert.All(expected, id => Assert.Contains(id, run.Text, StringComparison.Ordinal));
        Assert.Contains("mortise.lmdb", run.Text + run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--stacks", "1")]
    [InlineData("--runs", "0")]
    [InlineData("--steps", "-1")]
    [InlineData("--mode", "sometimes")]
    public async Task Arguments_that_make_no_sense_are_bad_input(string option, string value)
    {
        ToolRun run = await ToolRun.OfAsync("simulate", option, value);
        Assert.Equal(ExitCode.BadInput, run.Exit);
    }
}
