using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>
/// Kills the real tool (kill -9) at random moments of <c>import --ack</c> with sync mode always, opens the store again,
/// and asks for every acknowledged event by each access path. A store lives through ten cycles.
/// </summary>
public sealed class KillTests
{
    private const int CyclesPerStore = 10;
    private const int LmdbCycles = 4;
    private const int EventsPerCycle = 3_000;
    private const int Authors = 7;

    private static readonly int[] s_kinds = [1, 7, 1111];
    private static readonly string[] s_topics = ["nostr", "storage", "plugins", "lsn", "café"];

    // Small checkpoints, so that kills also hit those, and what follows them.
    private static readonly string[] s_settings =
        ["--set", "wal.syncMode=always", "--set", "engine.checkpointBytes=256KiB"];

    [Fact]
    public async Task Whatever_was_acknowledged_is_there_after_a_kill_by_every_access_path_and_nothing_else_is()
    {
        var random = new Random(Surroundings.Seed);
        for (int store = 0; store < Surroundings.Soak; store++)
        {
            await KillRepeatedlyAsync(store * CyclesPerStore, CyclesPerStore, random, s_settings);
        }
    }

    [LmdbFact]
    public async Task The_same_holds_with_every_family_in_another_engine() => await KillRepeatedlyAsync(
        0,
        LmdbCycles * Surroundings.Soak,
        new Random(Surroundings.Seed),
        [.. s_settings, .. StoreFixture.OfEachFamily("plugin=mortise.lmdb")]);

    [Fact]
    public async Task A_second_process_is_told_that_the_store_is_open_and_harms_nothing()
    {
        using var folder = new TemporaryFolder();
        var random = new Random(Surroundings.Seed);
        NostrEvent first = Make(0, 0, random);
        NostrEvent second = Make(0, 1, random);
        using (ToolProcess holder = ToolProcess.Start(
            ["import", "-", "--no-verify", "--ack", "--data", folder.Data, .. s_settings]))
        {
            await holder.Input.WriteLineAsync(first.ToJson());
            await holder.Input.FlushAsync();
            Assert.Equal($"OK {first.Id}", await holder.Output.ReadLineAsync());

            foreach (string command in (string[])["stats", "checkpoint", "export"])
            {
                using ToolProcess intruder = ToolProcess.Start(command, "--data", folder.Data);
                Assert.Equal(ExitCode.Failed, await intruder.EndAsync());
                Assert.Contains("open in another process", await intruder.Errors, StringComparison.Ordinal);
            }

            await holder.Input.WriteLineAsync(second.ToJson());
            await holder.Input.FlushAsync();
            Assert.Equal($"OK {second.Id}", await holder.Output.ReadLineAsync());
            holder.Input.Close();
            Assert.Equal(ExitCode.Ok, await holder.EndAsync());
        }

        ToolRun ids = (await ToolRun.OfAsync("export", "--ids", "--data", folder.Data)).Succeeded();
        Assert.Equal(new[] { first.Id, second.Id }.Order(), ids.Lines.Order());
    }

    private static async Task KillRepeatedlyAsync(int firstCycle, int cycles, Random random, string[] settings)
    {
        using var folder = new TemporaryFolder();
        var given = new Dictionary<string, NostrEvent>();
        var acknowledged = new HashSet<string>();
        for (int cycle = firstCycle; cycle < firstCycle + cycles; cycle++)
        {
            NostrEvent[] events = [.. Enumerable.Range(0, EventsPerCycle).Select(i => Make(cycle, i, random))];
            foreach (NostrEvent one in events)
            {
                given.Add(one.Id, one);
            }

            // Sometimes before the first acknowledgement, sometimes after the last.
            int killAfter = random.Next(-200, EventsPerCycle + 200);
            await ImportAndKillAsync(folder, events, killAfter, acknowledged, settings);
            await CheckAsync(folder, given, acknowledged, $"cycle {cycle}, seed {Surroundings.Seed}", settings);
        }

        Assert.NotEmpty(acknowledged);
    }

    private static async Task ImportAndKillAsync(
        TemporaryFolder folder, NostrEvent[] events, int killAfter, HashSet<string> acknowledged, string[] settings)
    {
        using ToolProcess tool = ToolProcess.Start(
            ["import", "-", "--no-verify", "--ack", "--data", folder.Data, .. settings]);
        Task feeding = FeedAsync(tool, events);
        int seen = 0;
        if (killAfter <= 0)
        {
            tool.Kill();
        }

        // After the kill, what is still in the pipe was acknowledged too; a torn last line was not.
        while (await tool.Output.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("OK ", StringComparison.Ordinal) && line.Length == 3 + 64)
            {
                acknowledged.Add(line[3..]);
                if (++seen == killAfter)
                {
                    tool.Kill();
                }
            }
        }

        await feeding;
        await tool.EndAsync();
    }

    private static async Task FeedAsync(ToolProcess tool, NostrEvent[] events)
    {
        try
        {
            foreach (NostrEvent one in events)
            {
                await tool.Input.WriteAsync(one.ToJson() + "\n");
            }

            tool.Input.Close();
        }
        catch (IOException)
        {
            // The reader was killed, which is the point.
        }
    }

    private static async Task CheckAsync(
        TemporaryFolder folder,
        Dictionary<string, NostrEvent> given,
        HashSet<string> acknowledged,
        string state,
        string[] settings)
    {
        if (!File.Exists(Path.Combine(folder.Data, "manifest")))
        {
            // Killed before there was a store.
            Assert.Empty(acknowledged);
            return;
        }

        (string Name, string Filter, Func<NostrEvent, bool> Matches)[] paths =
        [
            ("everything", "{}", _ => true),
            ("ids", Json("ids", given.Keys), _ => true),
            .. given.Values.Select(e => e.PubKey).Distinct().Select(author => (
                $"author {author}",
                Json("authors", [author]),
                (Func<NostrEvent, bool>)(e => e.PubKey == author))),
            .. s_kinds.Select(kind => (
                $"kind {kind}", $$"""{"kinds":[{{kind}}]}""", (Func<NostrEvent, bool>)(e => e.Kind == kind))),
            .. s_topics.Select(topic => (
                $"tag {topic}",
                Json("#t", [topic]),
                (Func<NostrEvent, bool>)(e => e.GetTags().Any(tag => tag[0] == "t" && tag[1] == topic)))),
        ];
        byte[] requests = Encoding.UTF8.GetBytes(string.Join('\n', paths.Select(path => path.Filter)));
        ToolRun run = (await ToolRun.OfAsync(
            requests, ["query", "-", "--ids", "--data", folder.Data, .. settings])).Succeeded();
        Assert.Equal(paths.Length, run.Lines.Length);
        for (int i = 0; i < paths.Length; i++)
        {
            string[] answer = JsonSerializer.Deserialize<string[]>(run.Lines[i])!;
            var found = answer.ToHashSet();
            Assert.True(found.Count == answer.Length, $"{state}: {paths[i].Name} names an event twice");
            string[] missing = [.. acknowledged.Where(id => paths[i].Matches(given[id]) && !found.Contains(id))];
            string[] phantoms =
                [.. found.Where(id => !given.TryGetValue(id, out NostrEvent? one) || !paths[i].Matches(one))];
            Assert.True(
                missing.Length == 0 && phantoms.Length == 0,
                $"{state}: {paths[i].Name}: {missing.Length} acknowledged events missing, {phantoms.Length} phantoms");
        }

        ToolRun export = (await ToolRun.OfAsync(["export", "--data", folder.Data, .. settings])).Succeeded();
        Assert.All(export.Lines, line => Assert.Equal(given[line.Substring(7, 64)].ToJson(), line));
    }

    private static string Json(string name, IEnumerable<string> values) =>
        JsonSerializer.Serialize(new Dictionary<string, IEnumerable<string>> { [name] = values });

    private static NostrEvent Make(int cycle, int index, Random random)
    {
        int padding = random.Next(10) == 0 ? random.Next(3_000) : random.Next(200);
        Span<byte> author = stackalloc byte[32];
        author.Fill((byte)(1 + random.Next(Authors)));
        return NostrEvent.CreateUnsigned(
            author,
            1_700_000_000 + random.Next(100_000),
            s_kinds[random.Next(s_kinds.Length)],
            $"cycle {cycle}, event {index} {new string('x', padding)}",
            ["t", s_topics[random.Next(s_topics.Length)]],
            ["p", Convert.ToHexStringLower(author)]);
    }
}
