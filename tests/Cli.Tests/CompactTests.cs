using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

public sealed class CompactTests
{
    private static readonly string[] s_small = ["--set", "records.segmentSize=8KiB", .. StoreFixture.KeepAll];

    [Fact]
    public async Task Space_of_deleted_events_comes_back_and_the_others_stay()
    {
        using var folder = new TemporaryFolder();
        await StoreFixture.FillAsync(folder, 120, s_small);
        string[] ids = (await ToolRun.OfAsync(["export", "--ids", "--data", folder.Data, .. s_small]))
            .Succeeded().Lines;
        string[] deleted = [.. ids.Where((_, i) => i % 3 != 0)];
        await using (EventStore store = await StoreFixture.OpenAsync(folder.Data, "records.segmentSize=8KiB"))
        {
            foreach (string id in deleted)
            {
                Assert.True(await store.DeleteAsync(Convert.FromHexString(id)));
            }
        }

        byte[] export = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_small])).Succeeded().Output;
        Dictionary<string, string> files = StoreFixture.Files(folder.Data);
        JsonElement dry = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["compact", "--dry-run", "--data", folder.Data, .. s_small]);
        Assert.Equal(files, StoreFixture.Files(folder.Data));
        Assert.True(dry.GetProperty("segments").GetArrayLength() > 0);
        Assert.Equal(dry.GetProperty("diskBytesBefore").GetInt64(), dry.GetProperty("diskBytesAfter").GetInt64());

        JsonElement done = await StoreFixture.JsonAsync(ExitCode.Ok, ["compact", "--data", folder.Data, .. s_small]);

        // What is moved may seal the segment that was being filled, which goes too then.
        int foreseen = dry.GetProperty("segments").GetArrayLength();
        Assert.InRange(done.GetProperty("segments").GetArrayLength(), foreseen, foreseen + 1);
        Assert.True(done.GetProperty("reclaimedRecords").GetInt64() > 0);
        Assert.True(done.GetProperty("diskBytesAfter").GetInt64() < done.GetProperty("diskBytesBefore").GetInt64());
        Assert.Equal(export, (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_small])).Succeeded().Output);
        (await ToolRun.OfAsync(["doctor", "--data", folder.Data, .. s_small])).Succeeded();
    }

    [Fact]
    public async Task Expired_events_are_removed_when_the_rules_say_so_and_kept_when_not()
    {
        using var folder = new TemporaryFolder();
        NostrEvent sample = StoreFixture.Parse((await ToolRun.OfAsync("generate", "1")).Succeeded().Lines[0]);
        string expired = JsonSerializer.Serialize(new
        {
            id = sample.Id,
            pubkey = sample.PubKey,
            created_at = 1_600_000_000,
            kind = 1,
            tags = new[] { new[] { "expiration", "1600000001" } },
            content = "gone",
            sig = sample.Sig,
        });
        (await ToolRun.OfAsync(
            Encoding.UTF8.GetBytes(expired),
            ["import", "-", "--no-verify", "--data", folder.Data, .. StoreFixture.KeepAll]))
            .Succeeded();
        JsonElement kept = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["compact", "--data", folder.Data, .. StoreFixture.KeepAll]);
        Assert.Equal(0, kept.GetProperty("expiredRemoved").GetInt64());
        JsonElement removed = await StoreFixture.JsonAsync(
            ExitCode.Ok, "compact", "--data", folder.Data, "--set", "nostr.honourExpiration=true");
        Assert.Equal(1, removed.GetProperty("expiredRemoved").GetInt64());
    }

    [Theory]
    [InlineData("--min-dead", "0")]
    [InlineData("--min-dead", "1.5")]
    [InlineData("--rate", "fast")]
    [InlineData("--rate", "0")]
    public async Task Limits_that_make_no_sense_are_bad_input(string option, string value)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync("compact", option, value, "--data", folder.Data);
        Assert.Equal(ExitCode.BadInput, run.Exit);
        Assert.Contains(option, run.Error, StringComparison.Ordinal);
    }
}
