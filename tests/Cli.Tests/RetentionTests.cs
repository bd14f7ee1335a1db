using System.Text.Json;

namespace Mortise.Cli.Tests;

public sealed class RetentionTests : IDisposable
{
    private const string ByMonth = """
        partitions:
          all: { plugin: mortise.partition.none, version: ^1.0 }
          monthly: { plugin: mortise.partition.time, version: ^1.0, interval: monthly, firstYear: 2020, lastYear: 2059 }
        wal: { plugin: mortise.wal, version: ^1.0 }
        records: { plugin: mortise.segments, version: ^1.0, segmentSize: 64KiB }
        indexes:
          id: { projection: id, plugin: mortise.btree, version: ^1.0, partition: all }
          time: { projection: time, plugin: mortise.btree, version: ^1.0, partition: monthly }
          tag: { projection: tag, plugin: mortise.btree, version: ^1.0, partition: monthly }
        nostr: { superseded: keepAll, honourDeletions: false, honourExpiration: false, honourVanish: false }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Old_months_go_with_their_files_and_a_rehearsal_changes_nothing()
    {
        string stack = Write("\nretention: { maxAge: 1d, rules: [{ kinds: [0], maxAge: 0 }] }\n");
        await StoreFixture.FillAsync(_folder, 300, "--stack", stack);
        int profiles = (await QueryAsync(stack, """{"kinds":[0]}""")).Length;
        Dictionary<string, string> files = StoreFixture.Files(_folder.Data);
        JsonElement dry = await StoreFixture.JsonAsync(
            ExitCode.Ok, "retention", "--dry-run", "--stack", stack, "--data", _folder.Data);
        Assert.Equal(files, StoreFixture.Files(_folder.Data));

        JsonElement done = await StoreFixture.JsonAsync(ExitCode.Ok, "retention", "--stack", stack, "--data", _folder.Data);
        Assert.True(done.GetProperty("events").GetInt64() > 200);
        Assert.True(done.GetProperty("indexBytes").GetInt64() > 0);
        Assert.Equal(dry.GetProperty("events").GetInt64(), done.GetProperty("events").GetInt64());
        Assert.Equal(dry.GetProperty("partitions").ToString(), done.GetProperty("partitions").ToString());
        Assert.Equal(profiles, (await QueryAsync(stack, """{"kinds":[0]}""")).Length);
        (await ToolRun.OfAsync("doctor", "--stack", stack, "--data", _folder.Data)).Succeeded();

        ToolRun again = (await ToolRun.OfAsync("retention", "--stack", stack, "--data", _folder.Data)).Succeeded();
        Assert.Contains("dropped 0 events", again.Text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Compacting_merges_small_days_that_are_over_and_every_answer_stays()
    {
        string stack = Write("", "daily");

        // Some 66 hours.
        await StoreFixture.FillAsync(_folder, 7000, "--stack", stack);
        string[] before = await PeriodsAsync(stack);
        string[] all = await QueryAsync(stack, "{}");
        (await ToolRun.OfAsync("compact", "--stack", stack, "--data", _folder.Data)).Succeeded();
        string[] after = await PeriodsAsync(stack);
        Assert.Equal(1, after.Count(static name => name.Contains("..", StringComparison.Ordinal)));
        Assert.True(after.Length < before.Length, $"{string.Join(' ', before)} became {string.Join(' ', after)}");
        Assert.Equal(all, await QueryAsync(stack, "{}"));
        (await ToolRun.OfAsync("doctor", "--stack", stack, "--data", _folder.Data)).Succeeded();
    }

    [Theory]
    [InlineData("retention: { maxAge: soon }", "retention.maxAge")]
    [InlineData("retention: { maxAge: 1d, interval: 1ms }", "retention.interval")]
    [InlineData("retention: { rules: [{ kinds: [1], maxage: 1d }] }", "maxage")]
    [InlineData("retention: { rules: [{ maxAge: 1d }] }", "retention.rules[0].kinds")]
    [InlineData("retention: { rules: [{ kinds: [70000], maxAge: 1d }] }", "70000")]
    [InlineData("retention: { rules: [{ kinds: [9-1], maxAge: 1d }] }", "9-1")]
    [InlineData("retention: { rules: [{ authors: [abc], maxAge: 1d }] }", "abc")]
    [InlineData("retention: { rules: [{ kinds: [1] }] }", "missing key 'maxAge'")]
    public async Task What_is_wrong_with_the_section_is_said_with_its_place(string section, string fact)
    {
        string stack = Write("\n" + section + "\n");
        ToolRun run = await ToolRun.OfAsync("stack", "validate", "--stack", stack);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains(fact, run.Error + run.Text, StringComparison.Ordinal);
        Assert.Matches(@"stack\.yaml:1[0-9]:[0-9]+", run.Error + run.Text);
    }

    [Fact]
    public async Task A_stack_without_retention_is_told_what_to_write()
    {
        string stack = Write("");
        await StoreFixture.FillAsync(_folder, 10, "--stack", stack);
        ToolRun run = await ToolRun.OfAsync("retention", "--stack", stack, "--data", _folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains("retention: { maxAge: 365d }", run.Error, StringComparison.Ordinal);
    }

    private async Task<string[]> QueryAsync(string stack, string filter) =>
        (await ToolRun.OfAsync("query", filter, "--stack", stack, "--data", _folder.Data)).Succeeded().Lines;

    private async Task<string[]> PeriodsAsync(string stack)
    {
        JsonElement statistics = await StoreFixture.JsonAsync(
            ExitCode.Ok, "stats", "--stack", stack, "--data", _folder.Data);
        JsonElement family = statistics.GetProperty("indexes").EnumerateArray()
            .Single(static f => f.GetProperty("name").GetString() == "time");
        return [.. family.GetProperty("partitions").EnumerateArray().Select(static p => p.GetProperty("name").GetString()!)];
    }

    private string Write(string section, string interval = "monthly")
    {
        string path = _folder.File("stack.yaml");
        File.WriteAllText(
            path, ByMonth.Replace("interval: monthly", $"interval: {interval}", StringComparison.Ordinal) + section);
        return path;
    }
}
