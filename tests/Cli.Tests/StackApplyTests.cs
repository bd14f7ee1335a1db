using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H34: other index families under a store that has data and serves.</summary>
public sealed class StackApplyTests : IDisposable
{
    private const int Events = 1200;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Families_are_exchanged_under_load_and_no_request_fails_or_misses_anything()
    {
        await StoreFixture.FillAsync(_folder, Events);
        string[] more = (await ToolRun.OfAsync("generate", "300", "--seed", "4711")).Succeeded().Lines;
        int count;
        MortiseHost host = CreateHost();
        ComposedStore now = host.Compose(host.Resolve(StackFile.Parse("now", DefaultStack.Text)), _folder.Data);
        ComposedStore next = host.Compose(host.Resolve(StackFile.Parse("next", OtherIndexes)), _folder.Data);
        await using (EventStore store = await EventStore.OpenAsync(now.Composition, StoreSession.Events(now)))
        {
            IReadOnlyList<string> expected = await IdsAsync(store);
            Assert.InRange(expected.Count, Events * 9 / 10, Events);
            using var stop = new CancellationTokenSource();
            Task<int>[] readers = [.. Enumerable.Range(0, 3).Select(_ => Task.Run(() => ReadAsync(store, expected, stop.Token)))];
            Task<int> writer = Task.Run(async () =>
            {
                int kept = 0;
                foreach (string line in more)
                {
                    kept += (await store.PutAsync(StoreFixture.Parse(line))).Outcome == PutOutcome.Stored ? 1 : 0;
                }

                return kept;
            });
            var done = new List<string>();
            var change = StackChange.Between(now, next);
            Assert.Null(change.Obstacle);
            Assert.Equal(["author-time", "kind-time", "time"], change.Switched.Order());
            Assert.Equal(["tag"], change.Dropped);
            await change.ApplyAsync(store.Engine, report => done.Add($"{report.Name} {report.Structure.ComponentId}"));
            count = expected.Count + await writer;
            await stop.CancelAsync();
            Assert.All(await Task.WhenAll(readers), static rounds => Assert.True(rounds > 0));
            Assert.Equal(
                ["author-time mortise.reference.memory-index", "kind-time mortise.btree", "time mortise.btree"], done.Order());
            Assert.DoesNotContain(store.Engine.GetStatistics().Families, static f => f.Name == "tag");
            await StoreAgreesAsync(store, count);
        }

        // The new stack opens what is there, without rebuilding but what keeps nothing.
        ComposedStore kept = host.Compose(host.Resolve(StackFile.Parse("next", OtherIndexes)), _folder.Data);
        await using EventStore again = await EventStore.OpenAsync(kept.Composition, StoreSession.Events(kept));
        Assert.Equal(["author-time"], again.OpenReport.Rebuilt.Select(static r => r.Family));
        await StoreAgreesAsync(again, count);
        Assert.Equal(
            8, Directory.GetDirectories(Path.Combine(_folder.Data, "indexes")).Length);
    }

    [Fact]
    public async Task The_tool_applies_a_stack_and_keeps_it()
    {
        await StoreFixture.FillAsync(_folder, 200);
        string file = _folder.File("wanted.yaml");
        await File.WriteAllTextAsync(file, DefaultStack.Text.Replace(
            "plugin: mortise.partition.none", "plugin: mortise.partition.time", StringComparison.Ordinal));
        ToolRun rehearsal = (await ToolRun.OfAsync("stack", "apply", file, "--dry-run", "--data", _folder.Data)).Succeeded();
        Assert.Contains("author-time: would be built and exchanged", rehearsal.Error, StringComparison.Ordinal);
        ToolRun applied = (await ToolRun.OfAsync("stack", "apply", file, "--data", _folder.Data)).Succeeded();
        string stored = (await ToolRun.OfAsync("count", "{}", "--data", _folder.Data)).Succeeded().Text.Trim();
        Assert.Contains($"author-time: mortise.btree, built from {stored} records in ", applied.Error, StringComparison.Ordinal);
        Assert.Contains("mortise.partition.time", await File.ReadAllTextAsync(Path.Combine(_folder.Data, "stack.yaml")), StringComparison.Ordinal);
        ToolRun doctor = (await ToolRun.OfAsync("doctor", "--data", _folder.Data)).Succeeded();
        Assert.DoesNotContain("rebuil", doctor.Text + doctor.Error, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(stored, (await ToolRun.OfAsync("count", "{}", "--data", _folder.Data)).Succeeded().Text.Trim());

        await File.WriteAllTextAsync(file, DefaultStack.Text.Replace("plugin: mortise.btree", "plugin: mortise.wal", StringComparison.Ordinal));
        Assert.Equal(ExitCode.BadInput, (await ToolRun.OfAsync("stack", "apply", file, "--data", _folder.Data)).Exit);
    }

    [LmdbFact]
    public async Task An_index_in_another_engine_is_one_line_and_answers_the_same()
    {
        await StoreFixture.FillAsync(_folder, 300);
        string[] before = (await ToolRun.OfAsync("query", "{}", "--data", _folder.Data)).Succeeded().Lines;
        string file = _folder.File("wanted.yaml");
        await File.WriteAllTextAsync(file, DefaultStack.Text.Replace(
            "plugin: mortise.btree", "plugin: mortise.lmdb", StringComparison.Ordinal));
        (await ToolRun.OfAsync("stack", "apply", file, "--data", _folder.Data)).Succeeded();
        string[] after = (await ToolRun.OfAsync("query", "{}", "--data", _folder.Data)).Succeeded().Lines;
        Assert.Equal(before, after);
    }

    private static string OtherIndexes => DefaultStack.Text
        .Replace("""
              author-time:
                projection: author-time
                plugin: mortise.btree
            """, """
              author-time:
                projection: author-time
                plugin: mortise.reference.memory-index
            """, StringComparison.Ordinal)
        .Replace("""
              time:
                projection: time
                plugin: mortise.btree
                version: ^1.0
                partition: all
            """, """
              time:
                projection: time
                plugin: mortise.btree
                version: ^1.0
                partition: monthly
            """, StringComparison.Ordinal)
        .Replace("""
              kind-time:
                projection: kind-time
                plugin: mortise.btree
                version: ^1.0
                partition: all
              author-kind-time:
            """, """
              kind-time:
                projection: kind-time
                plugin: mortise.btree
                version: ^1.0
                partition: all
                inlineBelow: 128
              author-kind-time:
            """, StringComparison.Ordinal)
        .Replace("""
              tag:
                projection: tag
                plugin: mortise.btree
                version: ^1.0
                partition: all

            """, "", StringComparison.Ordinal)
        .Replace("""
            partitions:
            """, """
            partitions:
              monthly:
                plugin: mortise.partition.time
                version: ^1.0
            """, StringComparison.Ordinal);

    private static MortiseHost CreateHost()
    {
        var options = new MortiseHostOptions();
        options.Sections["nostr"] = typeof(EventSection);
        options.PluginFolders.Add(Surroundings.Plugins);
        options.PluginFolders.Add(Path.Combine(Surroundings.Root, "artifacts", "test-plugins"));
        return new MortiseHost(options);
    }

    /// <summary>Every answer has at least what was there before, newest first and once each.</summary>
    private static async Task<int> ReadAsync(EventStore store, IReadOnlyList<string> expected, CancellationToken stop)
    {
        int rounds = 0;
        while (!stop.IsCancellationRequested || rounds == 0)
        {
            IReadOnlyList<string> found = await IdsAsync(store);
            Assert.Equal(found.Count, found.Distinct().Count());
            Assert.Empty(expected.Except(found));
            rounds++;
        }

        return rounds;
    }

    private static async Task<IReadOnlyList<string>> IdsAsync(EventStore store)
    {
        var ids = new List<string>();
        await foreach (NostrEvent @event in store.QueryAsync(Everything()))
        {
            ids.Add(@event.Id);
        }

        return ids;
    }

    /// <summary>Counts by every kind and by every author agree with the count of all.</summary>
    private static async Task StoreAgreesAsync(EventStore store, int count)
    {
        var kinds = new Dictionary<int, long>();
        var authors = new Dictionary<string, long>();
        await foreach (NostrEvent @event in store.QueryAsync(Everything()))
        {
            kinds[@event.Kind] = kinds.GetValueOrDefault(@event.Kind) + 1;
            string author = @event.PubKey;
            authors[author] = authors.GetValueOrDefault(author) + 1;
        }

        Assert.Equal(count, kinds.Values.Sum());
        Assert.All(kinds, k => Assert.Equal(k.Value, store.Count(Filters($$"""{"kinds":[{{k.Key}}]}"""))));
        Assert.All(authors, a => Assert.Equal(a.Value, store.Count(Filters($$"""{"authors":["{{a.Key}}"]}"""))));
    }

    private static IReadOnlyList<Filter> Everything() => Filters("{}");

    private static IReadOnlyList<Filter> Filters(string json) => [Filter.Parse(json)];
}
