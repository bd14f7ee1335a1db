using System.Text.Json;

namespace Mortise.Cli.Tests;

public sealed class DoctorTests
{
    [Fact]
    public async Task A_sound_store_has_no_findings_and_is_not_changed()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        Dictionary<string, string> before = StoreFixture.Files(folder.Data);
        ToolRun run = (await ToolRun.OfAsync("doctor", "--data", folder.Data)).Succeeded();
        Assert.Equal("no findings", run.Lines[^1]);
        JsonElement report = await StoreFixture.JsonAsync(ExitCode.Ok, "doctor", "--data", folder.Data);
        Assert.True(report.GetProperty("clean").GetBoolean());
        Assert.Equal(
            report.GetProperty("agreement")[0].GetProperty("expected").GetInt64(),
            report.GetProperty("events").GetProperty("checked").GetInt64());
        Assert.Equal(before, StoreFixture.Files(folder.Data));
    }

    [Fact]
    public async Task A_directory_without_a_store_is_said_to_have_none_and_is_not_made()
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync("doctor", "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains("no store", run.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.Data));
    }

    [Fact]
    public async Task A_damaged_index_is_a_finding_and_repair_rebuilds_it_from_records()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        ToolRun export = (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded();
        StoreFixture.Spoil(Path.Combine(folder.Data, "indexes", "kind-time"));
        JsonElement found = await StoreFixture.JsonAsync(ExitCode.Failed, "doctor", "--data", folder.Data);
        Assert.False(found.GetProperty("clean").GetBoolean());
        Assert.Contains(
            found.GetProperty("parts").EnumerateArray(),
            part => part.GetProperty("name").GetString()!.StartsWith("indexes/kind-time/", StringComparison.Ordinal)
                && part.GetProperty("findings").GetArrayLength() > 0);

        // The records are looked at although the index is damaged.
        Assert.Equal(export.Lines.Length, found.GetProperty("events").GetProperty("checked").GetInt32());

        JsonElement repaired = await StoreFixture.JsonAsync(ExitCode.Ok, "doctor", "--repair", "--data", folder.Data);
        Assert.Equal("kind-time", repaired.GetProperty("repaired")[0].GetString());
        Assert.True(repaired.GetProperty("clean").GetBoolean());
        Assert.Equal(export.Output, (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output);
    }

    [Fact]
    public async Task Damaged_records_are_reported_on_a_store_that_cannot_be_read_and_are_not_repaired()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        StoreFixture.Spoil(Path.Combine(folder.Data, "records"));
        ToolRun run = await ToolRun.OfAsync("doctor", "--data", folder.Data);
        Assert.Equal(ExitCode.Failed, run.Exit);
        Assert.Contains("findings", run.Lines[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("   at ", run.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_repair_of_a_sound_store_changes_nothing()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 20);
        Dictionary<string, string> before = StoreFixture.Files(folder.Data);
        (await ToolRun.OfAsync("doctor", "--repair", "--data", folder.Data)).Succeeded();
        Assert.Equal(before, StoreFixture.Files(folder.Data));
    }
}
