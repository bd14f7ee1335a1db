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

    /// <summary>Goal: whatever happens to the file of an index, the doctor says so without writing anything, and a repair
    /// gives the store back as it was.</summary>
    [Theory]
    [InlineData("one bit of a leaf")]
    [InlineData("one bit of both meta pages")]
    [InlineData("cut short")]
    [InlineData("empty")]
    [InlineData("gone")]
    [InlineData("that of another index")]
    public async Task An_index_file_that_is_wrong_in_any_way_is_found_and_mended(string damage)
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        byte[] export = (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output;
        string path = Path.Combine(folder.Data, "indexes", "kind-time", "all", "index.mbt");
        string other = Path.Combine(folder.Data, "indexes", "author-time", "all", "index.mbt");
        byte[] file = await File.ReadAllBytesAsync(path);
        switch (damage)
        {
            case "one bit of a leaf":
                file[(2 * 8192) + 200] ^= 1;
                break;
            case "one bit of both meta pages":
                file[100] ^= 1;
                file[8192 + 100] ^= 1;
                break;
            case "cut short":
                file = file[..((2 * 8192) + 17)];
                break;
            case "empty":
                file = [];
                break;
            case "that of another index":
                byte[] swapped = await File.ReadAllBytesAsync(other);
                await File.WriteAllBytesAsync(other, file);
                file = swapped;
                break;
            default:
                break;
        }

        File.Delete(path);
        if (damage != "gone")
        {
            await File.WriteAllBytesAsync(path, file);
        }

        Dictionary<string, string> before = StoreFixture.Files(folder.Data);
        JsonElement found = await StoreFixture.JsonAsync(ExitCode.Failed, "doctor", "--data", folder.Data);
        Assert.False(found.GetProperty("clean").GetBoolean());
        Assert.Equal(before, StoreFixture.Files(folder.Data));
        JsonElement repaired = await StoreFixture.JsonAsync(ExitCode.Ok, "doctor", "--repair", "--data", folder.Data);
        Assert.True(repaired.GetProperty("clean").GetBoolean());
        Assert.Contains(
            "kind-time", repaired.GetProperty("repaired").EnumerateArray().Select(static name => name.GetString()));
        Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output);
    }

    [Fact]
    public async Task The_doctor_looks_at_a_store_that_is_open_and_a_repair_waits_for_its_close()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        await using (await StoreFixture.OpenAsync(folder.Data))
        {
            (await ToolRun.OfAsync("doctor", "--data", folder.Data)).Succeeded();
        }

        StoreFixture.Spoil(Path.Combine(folder.Data, "indexes", "kind-time"));
        await using (await StoreFixture.OpenAsync(folder.Data))
        {
            Assert.Equal(ExitCode.Failed, (await ToolRun.OfAsync("doctor", "--data", folder.Data)).Exit);
            ToolRun refused = await ToolRun.OfAsync("doctor", "--repair", "--data", folder.Data);
            Assert.NotEqual(ExitCode.Ok, refused.Exit);
            Assert.DoesNotContain("   at ", refused.Error, StringComparison.Ordinal);
        }

        (await ToolRun.OfAsync("doctor", "--repair", "--data", folder.Data)).Succeeded();
        (await ToolRun.OfAsync("doctor", "--data", folder.Data)).Succeeded();
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

    [Theory]
    [InlineData("none")]
    [InlineData("brotli")]
    public async Task A_quarantine_keeps_what_is_readable_and_the_store_is_sound_again(string compression)
    {
        using var folder = new TemporaryFolder();
        string[] settings = ["--set", $"records.compression={compression}", .. StoreFixture.KeepAll];
        await StoreFixture.FillAsync(folder, 200, settings);
        string[] before = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. settings])).Succeeded().Lines;
        StoreFixture.Spoil(Path.Combine(folder.Data, "records"));
        JsonElement mended = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["doctor", "--quarantine", "--data", folder.Data, .. settings]);
        long lost = mended.GetProperty("quarantine").GetProperty("recordsLost").GetInt64();
        Assert.InRange(lost, 1, before.Length / 2);
        Assert.True(mended.GetProperty("clean").GetBoolean());
        string[] after = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. settings])).Succeeded().Lines;
        Assert.Equal(before.Length - lost, after.Length);
        Assert.Empty(after.Except(before));
        Assert.NotEmpty(Directory.GetFiles(Path.Combine(folder.Data, "records"), "*.damaged-1"));

        // Nothing is in the way of the events that are lost: they can be imported again.
        byte[] all = System.Text.Encoding.UTF8.GetBytes(string.Join('\n', before));
        (await ToolRun.OfAsync(all, ["import", "-", "--no-verify", "--data", folder.Data, .. settings])).Succeeded();
        Assert.Equal(
            before.Order(),
            (await ToolRun.OfAsync(["export", "--data", folder.Data, .. settings])).Succeeded().Lines.Order());
    }

    [Fact]
    public async Task A_lost_manifest_or_checkpoint_does_not_keep_the_doctor_from_looking_and_is_made_anew()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 60);
        byte[] export = (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output;
        foreach ((string file, byte[]? bytes) in ((string, byte[]?)[])
            [("manifest", null), ("manifest", [1, 2, 3]), ("records/checkpoint", null)])
        {
            string path = Path.Combine(folder.Data, file);
            File.Delete(path);
            if (bytes is not null)
            {
                await File.WriteAllBytesAsync(path, bytes);
            }

            JsonElement found = await StoreFixture.JsonAsync(ExitCode.Failed, "doctor", "--data", folder.Data);
            Assert.True(found.GetProperty("parts").GetArrayLength() > 2);
            Assert.NotNull(found.GetProperty("openFailure").GetString());
            JsonElement mended = await StoreFixture.JsonAsync(
                ExitCode.Ok, "doctor", "--quarantine", "--data", folder.Data);
            Assert.True(mended.GetProperty("clean").GetBoolean());
            Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", folder.Data)).Succeeded().Output);
        }

        // Both: nothing says any more how far the records were durable.
        File.Delete(Path.Combine(folder.Data, "manifest"));
        File.Delete(Path.Combine(folder.Data, "records", "checkpoint"));
        ToolRun run = await ToolRun.OfAsync("doctor", "--quarantine", "--data", folder.Data);
        Assert.Equal(ExitCode.Failed, run.Exit);
        Assert.Contains("restore the store's manifest", run.Error, StringComparison.Ordinal);
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
