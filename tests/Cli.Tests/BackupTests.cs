using System.Text.Json;

namespace Mortise.Cli.Tests;

public sealed class BackupTests
{
    [Fact]
    public async Task A_backup_opens_as_a_store_with_the_same_events_and_is_sound()
    {
        using var folder = new TemporaryFolder();
        (await ToolRun.OfAsync("init", "--data", folder.Data)).Succeeded();
        await StoreFixture.FillAsync(folder, 120);
        byte[] export = (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output;
        string target = folder.File("backup");
        JsonElement report = await StoreFixture.JsonAsync(ExitCode.Ok, "backup", target, "--data", folder.Data);
        Assert.True(report.GetProperty("events").GetInt64() > 0);
        Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", target)).Succeeded().Output);
        Assert.True(File.Exists(Path.Combine(target, "stack.yaml")));
        Assert.False(Directory.Exists(target + ".unfinished"));
        JsonElement sound = await StoreFixture.JsonAsync(ExitCode.Ok, "doctor", "--data", target);
        Assert.Equal(
            report.GetProperty("events").GetInt64(), sound.GetProperty("events").GetProperty("checked").GetInt64());

        // A second backup must not mix with the first.
        ToolRun again = await ToolRun.OfAsync("backup", target, "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, again.Exit);
        Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", target)).Succeeded().Output);
    }

    [Fact]
    public async Task Without_a_store_there_is_nothing_to_back_up_and_nothing_is_made()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync("backup", folder.File("backup"), "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.False(Directory.Exists(folder.Data));
        Assert.False(Directory.Exists(folder.File("backup")));
    }
}
