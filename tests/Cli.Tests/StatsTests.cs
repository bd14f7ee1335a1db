using System.Text.Json;

namespace Mortise.Cli.Tests;

/// <summary>What <c>mortise stats</c> shows of memory, families and partitions.</summary>
public sealed class StatsTests : IDisposable
{
    private const string ByDay = """
        partitions:
          all: { plugin: mortise.partition.none, version: ^1.0 }
          daily: { plugin: mortise.partition.time, version: ^1.0, interval: daily, firstYear: 2020, lastYear: 2059 }
        wal: { plugin: mortise.wal, version: ^1.0 }
        records: { plugin: mortise.segments, version: ^1.0 }
        cache: { plugin: mortise.cache.s3fifo, version: ^1.0, budget: 8MiB }
        indexes:
          id: { projection: id, plugin: mortise.btree, version: ^1.0, partition: all }
          time: { projection: time, plugin: mortise.btree, version: ^1.0, partition: daily }
        """;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task It_shows_budget_hit_rates_sizes_and_tiers_of_each_family_and_partition()
    {
        string stack = _folder.File("stack.yaml");
        await File.WriteAllTextAsync(stack, ByDay);
        await StoreFixture.FillAsync(_folder, 7000, "--stack", stack);
        JsonElement stats = await StoreFixture.JsonAsync(ExitCode.Ok, "stats", "--stack", stack, "--data", _folder.Data);

        JsonElement memory = stats.GetProperty("memory");
        Assert.Equal(8 << 20, memory.GetProperty("budgetBytes").GetInt64());
        JsonElement[] shares = [.. memory.GetProperty("shares").EnumerateArray()];
        Assert.Contains(shares, static s => s.GetProperty("instance").GetString() == "indexes/id/all");
        Assert.InRange(shares.Sum(static s => s.GetProperty("targetBytes").GetInt64()), 1, 8 << 20);
        Assert.All(shares, static s => Assert.True(
            s.GetProperty("hits").GetInt64() >= 0 && s.GetProperty("misses").GetInt64() >= 0
            && s.GetProperty("residentBytes").GetInt64() <= 8 << 20));

        JsonElement[] families = [.. stats.GetProperty("indexes").EnumerateArray()];
        Assert.Equal(["id", "time"], families.Select(static f => f.GetProperty("name").GetString()));
        JsonElement[] days = [.. families[1].GetProperty("partitions").EnumerateArray()];
        Assert.True(days.Length > 1);
        Assert.Equal(
            stats.GetProperty("events").GetInt64(), days.Sum(static d => d.GetProperty("entries").GetInt64()));
        Assert.All(days, static d => Assert.True(
            d.GetProperty("diskBytes").GetInt64() > 0
            && d.GetProperty("tier").GetString() is "active" or "recent" or "historical"));

        ToolRun text = (await ToolRun.OfAsync("stats", "--stack", stack, "--data", _folder.Data)).Succeeded();
        Assert.Contains(text.Lines, static l => l.StartsWith("memory   8.0 MiB for caches, ", StringComparison.Ordinal)
            && l.Contains("of pages were there", StringComparison.Ordinal));
        string day = days[0].GetProperty("name").GetString()!;
        string tier = days[0].GetProperty("tier").GetString()!;
        Assert.Contains(text.Lines, l => l.Contains(day, StringComparison.Ordinal)
            && l.Contains(" on disk, ", StringComparison.Ordinal) && l.Contains(tier, StringComparison.Ordinal));
    }
}
