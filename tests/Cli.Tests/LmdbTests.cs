using System.Text.Json;

namespace Mortise.Cli.Tests;

/// <summary>The tool over a store with families in LMDB, an engine that opens its files by path.</summary>
public sealed class LmdbTests : IDisposable
{
    private static readonly string[] s_stack =
        ["--set", "indexes.time.plugin=mortise.lmdb", "--set", "indexes.author-time.plugin=mortise.lmdb"];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [LmdbFact]
    public async Task The_doctor_compares_families_in_LMDB_with_the_records_and_touches_nothing()
    {
        await StoreFixture.FillAsync(_folder, 300, s_stack);
        Dictionary<string, string> before = StoreFixture.Files(_folder.Data);
        JsonElement report = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["doctor", "--data", _folder.Data, .. s_stack]);
        string text = report.ToString();
        Assert.Contains("author-time", text, StringComparison.Ordinal);
        Assert.Equal(before, StoreFixture.Files(_folder.Data));
    }

    [LmdbFact]
    public async Task The_doctor_finds_a_family_in_LMDB_that_lacks_what_the_records_have_and_rebuilds_it()
    {
        await StoreFixture.FillAsync(_folder, 300, s_stack);
        string file = Path.Combine(_folder.Data, "indexes", "time", "all", "data.mdb");
        byte[] bytes = File.ReadAllBytes(file);

        // Both first pages, which say where the tree begins.
        bytes.AsSpan(0, 4096 * 2).Fill(0xFF);
        File.WriteAllBytes(file, bytes);
        ToolRun found = await ToolRun.OfAsync(["doctor", "--data", _folder.Data, .. s_stack]);
        Assert.Equal(ExitCode.Failed, found.Exit);
        Assert.Contains("indexes/time", found.Text, StringComparison.Ordinal);
        ToolRun repaired = await ToolRun.OfAsync(["doctor", "--repair", "--data", _folder.Data, .. s_stack]);
        Assert.True(repaired.Exit == ExitCode.Ok, repaired.Text + repaired.Error);
        ToolRun again = await ToolRun.OfAsync(["doctor", "--data", _folder.Data, .. s_stack]);
        Assert.True(again.Exit == ExitCode.Ok, again.Text + again.Error);
    }

    [LmdbFact]
    public async Task A_rehearsal_of_compaction_touches_nothing()
    {
        await StoreFixture.FillAsync(_folder, 300, s_stack);
        Dictionary<string, string> before = StoreFixture.Files(_folder.Data);
        ToolRun run = await ToolRun.OfAsync(["compact", "--dry-run", "--data", _folder.Data, .. s_stack]);
        Assert.True(run.Exit == ExitCode.Ok, run.Error);
        Assert.Equal(before, StoreFixture.Files(_folder.Data));
    }
}
