using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests.Oracle;

/// <summary>
/// Random requests to the tool over stacks that differ by a line, against brute force: identical ids in identical
/// order.
/// </summary>
public sealed class QueryOracleTests
{
    private const int Requests = 200;
    private const int RequestsPerRun = 100;

    private static readonly string[] s_keepAll =
    [
        "--set", "nostr.superseded=keepAll", "--set", "nostr.honourDeletions=false",
        "--set", "nostr.honourExpiration=false", "--set", "nostr.honourVanish=false",
    ];

    public static TheoryData<string, string[]> Stacks => new()
    {
        { "the default", [] },
        { "a smaller cache that counts", ["cache.maxCount=16", "cache.budget=64KiB"] },
        { "small pages and little memory", OfEach("pageSize=4KiB", "memoryBudget=64KiB") },
        { "daily partitions", Partitions("mortise.partition.time", "interval=daily") },
        { "yearly partitions", Partitions("mortise.partition.time", "interval=yearly") },
        { "partitions by hash", Partitions("mortise.partition.hash", "count=5") },
        { "an index in memory", [$"plugins=[{TestPlugins}]", .. OfEach("plugin=mortise.reference.memory-index")] },
        { "bodies in the index", OfEach("inlineBelow=512") },
        { "checkpoints all the time", ["engine.checkpointBytes=64KiB"] },
    };

    private static string TestPlugins => Path.Combine(Surroundings.Root, "artifacts", "test-plugins");

    [Theory]
    [MemberData(nameof(Stacks))]
    public async Task Every_stack_gives_the_ids_of_brute_force_in_its_order(string name, string[] overrides)
    {
        Assert.NotEmpty(name);
        using var folder = new TemporaryFolder();
        await File.WriteAllLinesAsync(folder.File("events.jsonl"), Adversarial().Concat(Samples()));
        await CompareAsync(folder, folder.File("events.jsonl"), Requests * Surroundings.Soak, overrides);
    }

    [LmdbFact]
    public async Task Families_in_another_engine_give_the_ids_of_brute_force_in_its_order()
    {
        using var folder = new TemporaryFolder();
        await File.WriteAllLinesAsync(folder.File("events.jsonl"), Adversarial().Concat(Samples()));
        await CompareAsync(folder, folder.File("events.jsonl"), Requests * Surroundings.Soak, OfEach("plugin=mortise.lmdb"));
    }

    [RealEventsFact]
    public async Task The_real_events_answer_2000_requests_as_brute_force_does()
    {
        using var folder = new TemporaryFolder();
        await CompareAsync(folder, Surroundings.RealEvents, 2_000 * Surroundings.Soak, []);
    }

    private static async Task CompareAsync(TemporaryFolder folder, string file, int count, string[] overrides)
    {
        string[] options =
            ["--data", folder.Data, .. s_keepAll, .. overrides.SelectMany(one => (string[])["--set", one])];
        (await ToolRun.OfAsync(["import", file, "--no-verify", .. options])).Succeeded();
        PlainEvent[] events =
        [
            .. (await ToolRun.OfAsync(["export", .. options])).Succeeded().Lines.Select(PlainEvent.Parse)
                .OrderByDescending(e => e.CreatedAt).ThenBy(e => e.Id, StringComparer.Ordinal),
        ];
        Assert.NotEmpty(events);
        var filters = new RandomFilters(events, new Random(Surroundings.Seed));
        int nonEmpty = 0;
        for (int done = 0; done < count; done += RequestsPerRun)
        {
            nonEmpty += await CompareAsync(filters, events, options);
        }

        Assert.True(nonEmpty > count / 2, "most requests should find something");
    }

    private static async Task<int> CompareAsync(RandomFilters filters, PlainEvent[] events, string[] options)
    {
        PlainFilter[][] requests = [.. Enumerable.Range(0, RequestsPerRun).Select(_ => filters.NextRequest())];
        byte[] input = Encoding.UTF8.GetBytes(string.Join('\n', requests.Select(Json)));
        string[] ids = (await ToolRun.OfAsync(input, ["query", "-", "--ids", .. options])).Succeeded().Lines;
        string[] counts = (await ToolRun.OfAsync(input, ["count", "-", .. options])).Succeeded().Lines;
        int nonEmpty = 0;
        for (int i = 0; i < requests.Length; i++)
        {
            string[] expected = PlainFilter.Answer(requests[i], events);
            string state = $"seed {Surroundings.Seed}: {Json(requests[i])}";
            Assert.True(expected.SequenceEqual(JsonSerializer.Deserialize<string[]>(ids[i])!), state);
            Assert.True(counts[i] == $"{expected.Length}", $"count {counts[i]}: {state}");
            nonEmpty += expected.Length > 0 ? 1 : 0;
        }

        return nonEmpty;
    }

    private static string Json(PlainFilter[] request) =>
        request.Length == 1 ? request[0].ToJson() : $"[{string.Join(',', request.Select(filter => filter.ToJson()))}]";

    private static string[] OfEach(params string[] settings) =>
        [.. StoreFixture.Families.SelectMany(family => settings.Select(setting => $"indexes.{family}.{setting}"))];

    private static string[] Partitions(string plugin, string option) =>
    [
        $"partitions.other.plugin={plugin}", "partitions.other.version=^1.0", $"partitions.other.{option}",
        .. OfEach("partition=other"),
    ];

    private static IEnumerable<string> Samples() => SampleEvents.Generate(700, 17).Select(one => one.ToJson());

    /// <summary>Few times, few authors, tags that share values: nearly everything ties with something.</summary>
    private static List<string> Adversarial()
    {
        var random = new Random(Surroundings.Seed);
        var lines = new List<string>();
        Span<byte> author = stackalloc byte[32];
        int[] kinds = [0, 1, 1, 3, 7, 10_002, 30_023, 65_535];
        string[] words = ["", "a", "b", "nostr", "ünïcode 🜁", new string('z', 300)];
        for (int i = 0; i < 800; i++)
        {
            author.Fill((byte)(1 + random.Next(6)));
            lines.Add(NostrEvent.CreateUnsigned(
                author,
                random.Next(12) switch
                {
                    0 => 0,
                    1 => 1_725_194_263_529,
                    2 => uint.MaxValue,
                    int n => 1_700_000_000 + (n * 40_000),
                },
                kinds[random.Next(kinds.Length)],
                $"{i}",
                ["t", words[random.Next(words.Length)]],
                ["t", words[random.Next(words.Length)], "extra"],
                ["p", Convert.ToHexStringLower(author)],
                ["d", words[random.Next(words.Length)]],
                ["long name", "x"],
                ["e"]).ToJson());
        }

        return lines;
    }
}
