using System.Text.Json;

namespace Mortise.Cli.Tests;

public sealed class WalTests
{
    [Fact]
    public async Task A_dump_shows_every_imported_event_by_id_and_kind_and_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 40, StoreFixture.KeepAll);
        string[] ids = (await ToolRun.OfAsync(["export", "--ids", "--data", folder.Data, .. StoreFixture.KeepAll]))
            .Succeeded().Lines;
        Dictionary<string, string> before = StoreFixture.Files(folder.Data);
        ToolRun human = (await ToolRun.OfAsync("wal", "dump", "--data", folder.Data)).Succeeded();
        ToolRun json = (await ToolRun.OfAsync("wal", "dump", "--json", "--hex", "--data", folder.Data)).Succeeded();
        string[] dumped = [.. json.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .SelectMany(commit => commit.GetProperty("operations").EnumerateArray())
            .Where(operation => operation.GetProperty("kind").GetString() == "put")
            .Select(operation => operation.GetProperty("id").GetString()!)];
        Assert.Equal(ids.Order(StringComparer.Ordinal), dumped.Order(StringComparer.Ordinal));
        Assert.All(ids, id => Assert.Contains(id, human.Text, StringComparison.Ordinal));
        Assert.Equal(before, StoreFixture.Files(folder.Data));
    }

    [Fact]
    public async Task A_range_shows_these_commits_and_no_others()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 5);
        await StoreFixture.FillAsync(folder, 9);
        await StoreFixture.FillAsync(folder, 14);
        ulong[] all = await LsnsAsync(folder);
        Assert.True(all.Length >= 3, $"{all.Length} commits");
        Assert.Equal(all[1..2], await LsnsAsync(folder, "--from", $"{all[1]}", "--to", $"{all[1]}"));
        Assert.Equal(all[1..], await LsnsAsync(folder, "--from", $"{all[1]}"));
        ToolRun backwards = await ToolRun.OfAsync("wal", "dump", "--from", "3", "--to", "2", "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, backwards.Exit);
    }

    [Fact]
    public async Task Verify_finds_damage_also_in_a_store_that_does_not_open()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 40);
        JsonElement sound = await StoreFixture.JsonAsync(ExitCode.Ok, "wal", "verify", "--data", folder.Data);
        Assert.False(sound.GetProperty("damaged").GetBoolean());
        Assert.True(sound.GetProperty("commits").GetInt64() > 0);

        StoreFixture.Spoil(Path.Combine(folder.Data, "wal"), "*.wal");
        JsonElement damaged = await StoreFixture.JsonAsync(ExitCode.Failed, "wal", "verify", "--data", folder.Data);
        Assert.True(damaged.GetProperty("findings").GetArrayLength() > 0);

        // Without a manifest nothing opens at all, and the log is still shown.
        File.Delete(Path.Combine(folder.Data, "manifest"));
        Assert.Equal(ExitCode.Failed, (await ToolRun.OfAsync("stats", "--data", folder.Data)).Exit);
        ToolRun run = await ToolRun.OfAsync("wal", "verify", "--data", folder.Data);
        Assert.Equal(ExitCode.Failed, run.Exit);
        Assert.StartsWith("damaged", run.Lines[^1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_torn_tail_is_reported_and_is_not_damage()
    {
        using var folder = new TemporaryFolder();
        using var copy = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 20);
        await StoreFixture.CrashAsync(folder.Data, copy.Data);
        string segment = Directory.EnumerateFiles(Path.Combine(copy.Data, "wal"))
            .MaxBy(file => new FileInfo(file).Length)!;
        byte[] bytes = await File.ReadAllBytesAsync(segment);
        int end = bytes.AsSpan().LastIndexOfAnyExcept((byte)0) + 1;
        int tail = (end + 63) / 64 * 64;
        Array.Resize(ref bytes, Math.Max(bytes.Length, tail + 64));
        bytes.AsSpan(tail, 32).Fill(0xA7);
        await File.WriteAllBytesAsync(segment, bytes);
        JsonElement found = await StoreFixture.JsonAsync(ExitCode.Ok, "wal", "verify", "--data", copy.Data);
        Assert.Equal(1, found.GetProperty("torn").GetArrayLength());
        Assert.False(found.GetProperty("damaged").GetBoolean());
    }

    private static async Task<ulong[]> LsnsAsync(TemporaryFolder folder, params string[] range)
    {
        ToolRun run = (await ToolRun.OfAsync(["wal", "dump", "--json", "--data", folder.Data, .. range])).Succeeded();
        return [.. run.Lines.Select(line => JsonDocument.Parse(line).RootElement.GetProperty("lsn").GetUInt64())];
    }
}
