using System.Diagnostics;
using System.Globalization;
using Mortise.Bench.Query;
using Mortise.Nostr;

namespace Mortise.Bench.Caches;

/// <summary>Memory of a store whose indexes are ten times its budget, while it is read and written.</summary>
/// <remarks>Counted is what is resident and belongs to the process alone (<c>RssAnon</c> of Linux). Pages of records that
/// are mapped (<c>RssFile</c>) are shown: they are the operating system's, which takes them back when it wants.</remarks>
internal static class MemorySoak
{
    private const int Cycle = 10_000_000;
    private const int WritesAtOnce = 20;
    private static readonly TimeSpan s_betweenWrites = TimeSpan.FromMilliseconds(100);

    // The runtime, compiled code, what filling the store and making events left on the heap, and what is stated besides the
    // budget: buffered writes of nine indexes and 8 bytes a page of their files.
    private static readonly ByteSize s_constant = ByteSize.MiB(384);

    public static async Task<int> RunAsync(int count, int seconds, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("mortise-soak-").FullName;
        try
        {
            long indexes = await FillAsync(folder, count, seed);
            var budget = new ByteSize(indexes / 10);
            string[] overrides =
            [
                $"cache.budget={budget.Bytes}B",
                .. ((string[])
                    ["id", "author-time", "kind-time", "author-kind-time", "tag", "address", "deletion", "expiration", "time"])
                    .Select(static f => $"indexes.{f}.memoryBudget=1MiB"),
            ];
            BenchStore bench = await BenchStore.OpenAsync(folder, overrides);
            await using EventStore store = bench.Store;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{count:N0} events, indexes of {indexes >> 20} MiB, a budget of {budget.Bytes >> 20} MiB, {seconds} s"));

            // The same authors, other events.
            var source = new AmplifiedEvents(AmplifiedEvents.ReadTemplates(null), count, seed);
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
            return await LoadAsync(bench, source, seconds, seed, budget) ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    /// <returns>Bytes of the indexes.</returns>
    private static async Task<long> FillAsync(string folder, int count, int seed)
    {
        var source = new AmplifiedEvents(AmplifiedEvents.ReadTemplates(null), count, seed);
        BenchStore filled = await BenchStore.OpenAsync(folder, []);
        await using EventStore store = filled.Store;
        await filled.FillAsync(source.Make(count));
        return filled.IndexBytes;
    }

    private static async Task<bool> LoadAsync(
        BenchStore bench, AmplifiedEvents source, int seconds, int seed, ByteSize budget)
    {
        using var stop = new CancellationTokenSource(TimeSpan.FromSeconds(seconds));
        string[] authors = [.. Enumerable.Range(0, source.Authors).Select(i => Convert.ToHexStringLower(source.Author(i)))];
        var counts = new Counts();
        Task[] load =
        [
            Task.Run(() => WriteAsync(bench.Store, source, counts, stop.Token)),
            Task.Run(() => Read(bench.Store, authors, seed, counts, stop.Token)),
            Task.Run(() => Read(bench.Store, authors, seed + 1, counts, stop.Token)),
        ];
        long largest = 0;
        long largestFile = 0;
        long largestCaches = 0;
        long started = Stopwatch.GetTimestamp();
        int minute = 0;
        while (!stop.IsCancellationRequested)
        {
            await Task.Delay(250);
            long anonymous = Resident("RssAnon:");
            largest = Math.Max(largest, anonymous);
            largestFile = Math.Max(largestFile, Resident("RssFile:"));
            largestCaches = Math.Max(largestCaches, bench.Memory.Shares.Sum(static s => s.ResidentBytes));
            if ((int)Stopwatch.GetElapsedTime(started).TotalMinutes > minute)
            {
                minute++;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{minute} min: {anonymous >> 20} MiB of its own now, {largest >> 20} MiB at most; {largestFile >> 20} MiB mapped at most; caches {largestCaches >> 10:N0} KiB at most; {counts.Queries:N0} queries, {counts.Written:N0} events written"));
            }
        }

        await Task.WhenAll(load);
        bool isWithin = largest <= budget.Bytes + s_constant.Bytes;
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"at most {largest >> 20} MiB, {(largest - budget.Bytes) >> 20} MiB over the budget, {(isWithin ? "within" : "OVER")} the constant of {s_constant}; {counts.Queries:N0} queries, {counts.Written:N0} events written"));
        return isWithin;
    }

    private static async Task WriteAsync(
        EventStore store, AmplifiedEvents source, Counts counts, CancellationToken stop)
    {
        foreach (NostrEvent[] batch in source.Make(Cycle).Chunk(WritesAtOnce))
        {
            if (stop.IsCancellationRequested)
            {
                return;
            }

            await store.PutAsync(batch, CancellationToken.None);
            Interlocked.Add(ref counts.Written, batch.Length);
            await Task.Delay(s_betweenWrites, CancellationToken.None);
        }
    }

    // Author feeds, kinds of an author, tags, kinds in time; one in a thousand reads far.
    private static void Read(EventStore store, string[] authors, int seed, Counts counts, CancellationToken stop)
    {
        var random = new Random(seed);
        while (!stop.IsCancellationRequested)
        {
            string author = authors[(int)(Math.Pow(random.NextDouble(), 2) * authors.Length)];
            Filter filter = Filter.Parse(random.Next(1000) switch
            {
                0 => """{"kinds":[1],"limit":5000}""",
                < 400 => $$"""{"authors":["{{author}}"],"limit":20}""",
                < 600 => $$"""{"authors":["{{author}}"],"kinds":[1],"limit":20}""",
                < 900 => $$"""{"#p":["{{author}}"],"limit":50}""",
                _ => $$"""{"kinds":[{{random.Next(8)}}],"until":{{AmplifiedEvents.FirstSecond + random.NextInt64(AmplifiedEvents.Seconds)}},"limit":50}""",
            });
            foreach (NostrEvent _ in store.Query([filter], cancellation: CancellationToken.None))
            {
            }

            Interlocked.Increment(ref counts.Queries);
        }
    }

    private static long Resident(string field)
    {
        string line = File.ReadLines("/proc/self/status").First(l => l.StartsWith(field, StringComparison.Ordinal));
        return 1024 * long.Parse(line[field.Length..].Replace("kB", "", StringComparison.Ordinal), CultureInfo.InvariantCulture);
    }

    private sealed class Counts
    {
        public long Queries;
        public long Written;
    }
}
