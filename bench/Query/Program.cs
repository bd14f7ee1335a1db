using System.Diagnostics;
using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>Measures the query engine over amplified events on disk.</summary>
/// <remarks>
/// <c>dotnet run -c Release --project bench/Query -- [plan|time|share]... [--events FILE] [--count N] [--seed N]
/// [--data DIR] [--filters N] [--only REQUEST] [--words] [--set KEY=VALUE]</c>. Without words: all three over 100,000 events. A directory
/// that is named is kept, and used again by the next run with the same count and seed.
/// </remarks>
internal static class Program
{
    private static async Task Main(string[] args)
    {
        string? Option(string name) =>
            Array.IndexOf(args, name) is int at and >= 0 && at + 1 < args.Length ? args[at + 1] : null;
        int count = int.Parse(Option("--count") ?? "100000");
        int seed = int.Parse(Option("--seed") ?? "1");
        string? kept = Option("--data");
        string data = kept ?? Path.Combine(Path.GetTempPath(), $"mortise-bench-{Environment.ProcessId}");
        string plugins = Option("--plugins") ?? FindPlugins();
        var source = new AmplifiedEvents(AmplifiedEvents.ReadTemplates(Option("--events")), count, seed);
        var overrides = new List<string> { "cache.budget=2GiB" };
        overrides.AddRange(args.Where((_, i) => i > 0 && args[i - 1] == "--set"));
        if (args.Contains("--words"))
        {
            overrides.AddRange(
                [
                    "indexes.words.projection=words", "indexes.words.plugin=mortise.btree",
                    "indexes.words.version=^1.0", "indexes.words.partition=all",
                ]);
        }

        try
        {
            bool isThere = Directory.Exists(Path.Combine(data, "records"));
            long start = Stopwatch.GetTimestamp();
            await using EventStore store = await BenchStore.OpenAsync(data, plugins, [.. overrides]);
            Console.WriteLine($"opened in {Stopwatch.GetElapsedTime(start).TotalMilliseconds:n0} ms");
            var sample = new List<NostrEvent>();
            var random = new Random(seed);
            int seen = 0;
            IEnumerable<NostrEvent> events = source.Make(count).Select(e =>
            {
                // A sample of fixed size of whatever comes.
                if (sample.Count < 20_000)
                {
                    sample.Add(e);
                }
                else if (random.Next(seen) < sample.Count)
                {
                    sample[random.Next(sample.Count)] = e;
                }

                seen++;
                return e;
            });
            start = Stopwatch.GetTimestamp();
            if (isThere)
            {
                foreach (NostrEvent _ in events)
                {
                }
            }
            else
            {
                await BenchStore.FillAsync(store, events);
                Console.WriteLine($"stored in {Stopwatch.GetElapsedTime(start).TotalSeconds:n1} s");
            }

            Console.WriteLine($"{store.GetStatistics().Records.LiveRecords:n0} events, seed {seed}");
            bool all = !args.Any(static a => a is "plan" or "time" or "share");
            double seconds = double.Parse(Option("--seconds") ?? "1");
            if (all || args.Contains("time"))
            {
                new QueryTimes(store, source, sample, Option("--only")).Run(seconds);
            }

            if (all || args.Contains("share"))
            {
                new QueryTimes(store, source, sample, Option("--only")).Share(seconds);
            }

            if (all || args.Contains("plan"))
            {
                var choices = new PlanChoices(store, new GeneratedFilters(random, sample));
                choices.Feed(source.Author(0));
                choices.Run(int.Parse(Option("--filters") ?? "500"));
            }
        }
        finally
        {
            if (kept is null)
            {
                Directory.Delete(data, recursive: true);
            }
        }
    }

    private static string FindPlugins()
    {
        string folder = AppContext.BaseDirectory;
        while (!Directory.Exists(Path.Combine(folder, "artifacts", "plugins")))
        {
            folder = Path.GetDirectoryName(folder)
                ?? throw new DirectoryNotFoundException("artifacts/plugins is not above the program; name it: --plugins");
        }

        return Path.Combine(folder, "artifacts", "plugins");
    }
}
