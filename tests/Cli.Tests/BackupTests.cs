using System.Text.Json;
using Mortise.Engine;
using Mortise.Host.Files;
using Mortise.Nostr;

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
        Dictionary<string, string> files = StoreFixture.Files(target);
        (await ToolRun.OfAsync("doctor", "--data", target)).Succeeded();
        Assert.Equal(files, StoreFixture.Files(target));
        Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", target)).Succeeded().Output);
        Assert.True(File.Exists(Path.Combine(target, "stack.yaml")));
        Assert.False(Directory.Exists(target + ".unfinished"));
        JsonElement sound = await StoreFixture.JsonAsync(ExitCode.Ok, "doctor", "--data", target);
        Assert.Equal(
            report.GetProperty("events").GetInt64(), sound.GetProperty("events").GetProperty("checked").GetInt64());

        // It was opened, so it is a store of its own: a second backup must not mix with it.
        ToolRun again = await ToolRun.OfAsync("backup", target, "--data", folder.Data);
        Assert.Equal(ExitCode.Failed, again.Exit);
        Assert.Contains("choose an empty directory", again.Error, StringComparison.Ordinal);
        Assert.Equal(export, (await ToolRun.OfAsync("export", "--data", target)).Succeeded().Output);
    }

    [Fact]
    public async Task A_second_backup_copies_what_is_new_and_drops_what_is_gone()
    {
        using var folder = new TemporaryFolder();
        string[] small = ["--set", "records.segmentSize=16KiB", .. StoreFixture.KeepAll];
        await StoreFixture.FillAsync(folder, 150, small);
        string target = folder.File("backup");
        JsonElement first = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["backup", target, "--data", folder.Data, .. small]);
        Assert.True(first.GetProperty("filesCopied").GetInt64() > 4);
        Assert.Equal(0, first.GetProperty("filesKept").GetInt64());

        ToolRun sample = (await ToolRun.OfAsync("generate", "20", "--seed", "5")).Succeeded();
        (await ToolRun.OfAsync(sample.Output, ["import", "-", "--no-verify", "--data", folder.Data, .. small]))
            .Succeeded();
        string id = (await ToolRun.OfAsync(["export", "--ids", "--data", folder.Data, .. small])).Lines[0];
        (await ToolRun.OfAsync(["delete", id, "--data", folder.Data, .. small])).Succeeded();
        (await ToolRun.OfAsync(["compact", "--min-dead", "0.001", "--data", folder.Data, .. small])).Succeeded();
        JsonElement second = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["backup", target, "--data", folder.Data, .. small]);
        Assert.True(second.GetProperty("filesKept").GetInt64() >= first.GetProperty("filesCopied").GetInt64() - 4);
        Assert.InRange(second.GetProperty("bytesCopied").GetInt64(), 1, first.GetProperty("bytesCopied").GetInt64() / 2);
        Assert.Equal(
            Directory.GetFiles(Path.Combine(folder.Data, "records"), "*.seg").Select(Path.GetFileName).Order(),
            Directory.GetFiles(Path.Combine(target, "records"), "*.seg").Select(Path.GetFileName).Order());
        Assert.Equal(
            (await ToolRun.OfAsync(["export", "--data", folder.Data, .. small])).Succeeded().Output,
            (await ToolRun.OfAsync(["export", "--data", target, .. small])).Succeeded().Output);
    }

    [Theory]
    [InlineData("none")]
    [InlineData("brotli")]
    public async Task A_backup_of_a_store_that_is_written_to_holds_all_that_was_acknowledged_and_no_half_commit(
        string compression)
    {
        using var folder = new TemporaryFolder();
        string[] settings = ["records.segmentSize=16KiB", $"records.compression={compression}"];
        string[] options = [.. settings.SelectMany(s => (string[])["--set", s])];
        NostrEvent[] events =
        [
            .. (await ToolRun.OfAsync("generate", "1500")).Succeeded().Lines
                .Where(static line => !line.Contains("\"expiration\"", StringComparison.Ordinal))
                .Select(StoreFixture.Parse)
                .Where(static e => e.Kind == 1),
        ];
        string target = folder.File("backup");
        int acknowledged = 0;
        await using (EventStore store = await StoreFixture.OpenAsync(folder.Data, settings))
        {
            using var stop = new CancellationTokenSource();
            Task writer = Task.Run(async () =>
            {
                // One put a commit, each in the order of the list; now and then a checkpoint or a compaction.
                while (!stop.IsCancellationRequested && acknowledged < events.Length)
                {
                    await store.PutAsync(events[acknowledged]);
                    Volatile.Write(ref acknowledged, acknowledged + 1);
                    if (acknowledged % 50 == 0)
                    {
                        await store.CheckpointAsync();
                    }

                    await Task.Delay(acknowledged % 8 == 0 ? 2 : 0);
                }
            });
            for (int round = 0; round < 4; round++)
            {
                int before = Volatile.Read(ref acknowledged);
                JsonElement report = await StoreFixture.JsonAsync(
                    ExitCode.Ok, ["backup", target, "--data", folder.Data, .. options]);
                int after = Volatile.Read(ref acknowledged);
                await CheckPrefixAsync(folder, target, round, options, events, before, after + 1);
                Assert.Equal(0, report.GetProperty("findings").GetArrayLength());
            }

            await stop.CancelAsync();
            await writer;

            // And through the store itself.
            BackupReport last = await store.Engine.BackupAsync(PosixDirectory.OpenRoot(target));
            Assert.Equal(0, last.LoggedCommits);
            await CheckPrefixAsync(folder, target, 9, options, events, acknowledged, acknowledged);
        }
    }

    private static async Task CheckPrefixAsync(
        TemporaryFolder folder, string target, int round, string[] options, NostrEvent[] events, int least, int most)
    {
        string opened = folder.File($"opened{round}");
        foreach ((string name, _) in StoreFixture.Files(target))
        {
            string to = Path.Combine(opened, name);
            Directory.CreateDirectory(Path.GetDirectoryName(to)!);
            File.Copy(Path.Combine(target, name), to);
        }

        string[] ids = (await ToolRun.OfAsync(["export", "--ids", "--data", opened, .. options])).Succeeded().Lines;
        EventStore check = await StoreFixture.OpenAsync(opened, [.. options.Where((_, i) => i % 2 == 1)]);
        await using (check)
        {
            using StoreView view = check.Engine.OpenView();
            Assert.True(AgreementCheck.Run(view).IsClean);
        }

        Assert.InRange(ids.Length, least, most);
        Assert.Equal(events.Take(ids.Length).Select(static e => e.Id).Order(), ids.Order());
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
