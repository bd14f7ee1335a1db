using System.Globalization;
using System.IO.Compression;
using System.Text;
using System.Text.Json;

namespace Mortise.Cli.Tests;

/// <summary>What relays' rules take away is given back by <c>mortise compact</c>, on real events.</summary>
public sealed class ReclaimTests
{
    private static readonly string[] s_rules =
    [
        "--set", "records.segmentSize=64KiB", "--set", "nostr.superseded=drop",
        "--set", "nostr.honourDeletions=true", "--set", "nostr.honourExpiration=true",
        "--set", "nostr.honourVanish=true",
    ];

    [RealEventsFact]
    public async Task Expired_and_superseded_real_events_leave_the_disk_and_all_others_stay()
    {
        using var folder = new TemporaryFolder();

        // As an archive first, so that what the rules would refuse at the door is there to be reclaimed.
        byte[] some = Some(static (line, n) => n % 6 == 0 || line.Contains("\"expiration\"", StringComparison.Ordinal));
        (await ToolRun.OfAsync(
            some,
            ["import", "-", "--no-verify", "--data", folder.Data, "--set", "records.segmentSize=64KiB",
                .. StoreFixture.KeepAll])).Succeeded();
        JsonElement[] all = await EventsAsync(folder.Data, StoreFixture.KeepAll);
        long now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        JsonElement[] expired = [.. all.Where(e => ExpirationOf(e) is { } at && at <= now)];
        Assert.True(expired.Length > 20, $"only {expired.Length} expired events");

        JsonElement before = await StatsAsync(folder.Data, s_rules);
        JsonElement report = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["compact", "--min-dead", "0.0001", "--data", folder.Data, .. s_rules]);
        Assert.Equal(expired.Length, report.GetProperty("expiredRemoved").GetInt64());
        Assert.True(report.GetProperty("reclaimedRecords").GetInt64() > 0);
        JsonElement after = await StatsAsync(folder.Data, s_rules);
        Assert.Equal(
            before.GetProperty("live").GetInt64() - expired.Length, after.GetProperty("live").GetInt64());

        // Dead records are left in the segment that is being filled only.
        Assert.True(after.GetProperty("dead").GetInt64() < report.GetProperty("reclaimedRecords").GetInt64());
        HashSet<string> left = [.. (await EventsAsync(folder.Data, StoreFixture.KeepAll)).Select(IdOf)];
        Assert.Equal(all.Select(IdOf).Except(expired.Select(IdOf)).Order(), left.Order());
        (await ToolRun.OfAsync(["doctor", "--data", folder.Data, .. s_rules])).Succeeded();
    }

    [RealEventsFact]
    public async Task Superseded_versions_of_real_events_are_reclaimed_and_the_newest_stay()
    {
        using var folder = new TemporaryFolder();
        byte[] profiles = Some(static (line, _) => line.Contains("\"kind\":0,", StringComparison.Ordinal));
        (await ToolRun.OfAsync(
            profiles, ["import", "-", "--no-verify", "--data", folder.Data, .. s_rules])).Succeeded();
        byte[] kept = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_rules])).Succeeded().Output;
        JsonElement before = await StatsAsync(folder.Data, s_rules);
        Assert.True(before.GetProperty("dead").GetInt64() > 100, before.ToString());
        JsonElement report = await StoreFixture.JsonAsync(
            ExitCode.Ok, ["compact", "--min-dead", "0.0001", "--data", folder.Data, .. s_rules]);
        JsonElement after = await StatsAsync(folder.Data, s_rules);
        Assert.True(
            after.GetProperty("deadBytes").GetInt64() <= before.GetProperty("deadBytes").GetInt64() / 10,
            $"{before} became {after}");
        Assert.True(report.GetProperty("diskBytesAfter").GetInt64() < report.GetProperty("diskBytesBefore").GetInt64());
        Assert.Equal(before.GetProperty("live").GetInt64(), after.GetProperty("live").GetInt64());
        Assert.Equal(kept, (await ToolRun.OfAsync(["export", "--data", folder.Data, .. s_rules])).Succeeded().Output);
        (await ToolRun.OfAsync(["doctor", "--data", folder.Data, .. s_rules])).Succeeded();
    }

    [RealEventsFact]
    public async Task Real_events_take_at_most_their_bytes_and_a_seventh_and_compressed_three_fifths()
    {
        using var plain = new TemporaryFolder();
        using var packed = new TemporaryFolder();
        (await ToolRun.OfAsync(
            ["import", Surroundings.RealEvents, "--no-verify", "--data", plain.Data, .. StoreFixture.KeepAll]))
            .Succeeded();
        (await ToolRun.OfAsync(
            ["import", Surroundings.RealEvents, "--no-verify", "--data", packed.Data, "--set",
                "records.compression=brotli", .. StoreFixture.KeepAll])).Succeeded();
        JsonElement asIs = await StatsAsync(plain.Data, StoreFixture.KeepAll);
        JsonElement small = await StatsAsync(packed.Data, StoreFixture.KeepAll);
        Assert.InRange(Ratio(asIs), 1, 1.15);
        Assert.InRange(Ratio(small), 0.1, 0.6);

        // Whatever the stack says later, each segment is read as what it is.
        Assert.Equal(
            (await ToolRun.OfAsync(["export", "--data", plain.Data, .. StoreFixture.KeepAll])).Succeeded().Output,
            (await ToolRun.OfAsync(["export", "--data", packed.Data, .. StoreFixture.KeepAll])).Succeeded().Output);
    }

    /// <summary>Some lines of the real events, by the line and its number.</summary>
    private static byte[] Some(Func<string, int, bool> isWanted)
    {
        using var reader = new StreamReader(
            new GZipStream(File.OpenRead(Surroundings.RealEvents), CompressionMode.Decompress));
        var text = new StringBuilder();
        for (int n = 0; reader.ReadLine() is { } line; n++)
        {
            if (isWanted(line, n))
            {
                text.Append(line).Append('\n');
            }
        }

        return Encoding.UTF8.GetBytes(text.ToString());
    }

    private static double Ratio(JsonElement records) =>
        records.GetProperty("diskBytes").GetDouble() / records.GetProperty("liveBytes").GetDouble();

    private static async Task<JsonElement> StatsAsync(string data, string[] settings) =>
        (await StoreFixture.JsonAsync(ExitCode.Ok, ["stats", "--data", data, .. settings])).GetProperty("records");

    private static async Task<JsonElement[]> EventsAsync(string data, string[] settings) =>
        [.. (await ToolRun.OfAsync(["export", "--data", data, .. settings])).Succeeded().Lines
            .Select(line => JsonDocument.Parse(line).RootElement)];

    private static string IdOf(JsonElement e) => e.GetProperty("id").GetString()!;

    private static long? ExpirationOf(JsonElement e)
    {
        foreach (JsonElement tag in e.GetProperty("tags").EnumerateArray())
        {
            if (tag.GetArrayLength() > 1 && tag[0].GetString() == "expiration")
            {
                return long.TryParse(tag[1].GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out long at)
                    ? at
                    : null;
            }
        }

        return null;
    }
}
