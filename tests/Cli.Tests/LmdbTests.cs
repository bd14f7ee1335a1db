using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;

namespace Mortise.Cli.Tests;

/// <summary>The tool over a store with families in LMDB, an engine that opens its files by path.</summary>
public sealed partial class LmdbTests : IDisposable
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

    /// <summary>What the tests of power cuts take for granted: the roots are written when the trees are on the device, through
    /// a handle that syncs each write.</summary>
    [LmdbFact(isTraced: true)]
    public async Task LMDB_syncs_its_trees_before_it_writes_their_roots()
    {
        string trace = _folder.File("trace");
        await File.WriteAllTextAsync(_folder.File("events.jsonl"), (await ToolRun.OfAsync("generate", "500")).Succeeded().Text);
        using (ToolProcess tool = ToolProcess.StartUnder(
            ["strace", "-f", "-qq", "-y", "-s", "1", "-o", trace, "-e", "trace=openat,pwrite64,pwritev,fdatasync,close"],
            ["import", _folder.File("events.jsonl"), "--no-verify", "--data", _folder.Data, "--set", "indexes.id.plugin=mortise.lmdb"]))
        {
            Assert.Equal(ExitCode.Ok, await tool.EndAsync());
        }

        var syncing = new HashSet<string>(StringComparer.Ordinal);
        bool isDirty = false;
        int roots = 0;
        int trees = 0;
        foreach (string line in await File.ReadAllLinesAsync(trace))
        {
            if (LmdbCall().Match(line) is not { Success: true } call)
            {
                continue;
            }

            string name = call.Groups["name"].Value;
            string handle = call.Groups["handle"].Value;
            if (name == "openat")
            {
                handle = OpenedAs().Match(line).Groups["handle"].Value;
                _ = line.Contains("SYNC", StringComparison.Ordinal) ? syncing.Add(handle) : syncing.Remove(handle);
            }
            else if (name == "fdatasync")
            {
                isDirty = false;
            }
            else if (name != "close" && long.Parse(Offset().Match(line).Groups["offset"].Value, CultureInfo.InvariantCulture) >= 2 * 4096)
            {
                isDirty = true;
                trees++;
            }
            else if (name != "close" && trees > 0)
            {
                Assert.False(isDirty, $"roots are written before the trees are synced: {line}");
                Assert.Contains(handle, syncing);
                roots++;
            }
        }

        Assert.True(trees > 0 && roots > 0, $"{trees} writes of trees and {roots} of roots were seen");
    }

    [GeneratedRegex(
        @"^\d+ +(?<name>openat|pwrite64|pwritev|fdatasync|close)\((?<handle>\w+)?.*data\.mdb")]
    private static partial Regex LmdbCall();

    [GeneratedRegex(@"= (?<handle>\d+)<")]
    private static partial Regex OpenedAs();

    [GeneratedRegex(@", (?<offset>\d+)(\)| <unfinished)")]
    private static partial Regex Offset();

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
