using System.IO.Compression;
using Mortise.Conformance;
using Mortise.Host.Loading;
using Mortise.Nostr;

namespace Mortise.Bench.Caches;

/// <summary>Which index pages a mix of queries wants, recorded from a store of events.</summary>
internal static class EventTrace
{
    public static async Task<CacheTrace> RecordAsync(IReadOnlyList<NostrEvent> events, int queries, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("mortise-caches-").FullName;
        try
        {
            var trace = new List<int>();
            await using (EventStore store = await OpenAsync(folder, trace))
            {
                foreach (NostrEvent[] batch in events.Chunk(1000))
                {
                    await store.PutAsync(batch);
                }
            }

            trace.Clear();
            await using (EventStore store = await OpenAsync(folder, trace))
            {
                var random = new Random(seed);
                for (int i = 0; i < queries; i++)
                {
                    foreach (NostrEvent _ in store.Query([Draw(events, random)]))
                    {
                    }
                }
            }

            return new CacheTrace("events", [.. trace]);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <summary>Events of a file of JSON lines, gzipped or not.</summary>
    public static List<NostrEvent> Read(string path)
    {
        using Stream file = File.OpenRead(path);
        using Stream plain = path.EndsWith(".gz", StringComparison.Ordinal)
            ? new GZipStream(file, CompressionMode.Decompress)
            : file;
        using var lines = new StreamReader(plain);
        var events = new List<NostrEvent>();
        while (lines.ReadLine() is { } line)
        {
            if (EventJson.TryParse(System.Text.Encoding.UTF8.GetBytes(line), out NostrEvent? parsed, out _))
            {
                events.Add(parsed);
            }
        }

        return events;
    }

    // Half by id, a quarter author feeds, an eighth kinds in time, the rest long scans of one kind. Events are drawn with
    // a preference for few, as readers follow few authors.
    private static Filter Draw(IReadOnlyList<NostrEvent> events, Random random)
    {
        double skewed = Math.Pow(random.NextDouble(), 4);
        EventView view = events[(int)(skewed * events.Count)].View;
        string id = Convert.ToHexStringLower(view.Id);
        string author = Convert.ToHexStringLower(view.PublicKey);
        return Filter.Parse(random.Next(8) switch
        {
            < 4 => $$"""{"ids":["{{id}}"]}""",
            < 6 => $$"""{"authors":["{{author}}"],"limit":20}""",
            6 => $$"""{"kinds":[{{view.Kind}}],"until":{{view.CreatedAt}},"limit":50}""",
            _ => random.Next(20) == 0
                ? $$"""{"kinds":[1],"limit":20000}"""
                : $$"""{"authors":["{{author}}"],"kinds":[{{view.Kind}}],"limit":20}""",
        });
    }

    private static async Task<EventStore> OpenAsync(string folder, List<int> trace)
    {
        BenchStore bench = await BenchStore.OpenAsync(
            folder,
            ["cache.plugin=bench.recording"],
            plugins: [new StaticPlugin(new RecordingPlugin(trace), "bench.recording", "1.0.0")]);
        return bench.Store;
    }
}
