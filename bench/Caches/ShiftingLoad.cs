using System.Diagnostics;
using System.Globalization;
using Mortise.Bench.Query;
using Mortise.Cache.S3Fifo;
using Mortise.Host.Memory;
using Mortise.Nostr;

namespace Mortise.Bench.Caches;

/// <summary>A load of author feeds that becomes one of tag scans: misses of a store whose budget follows, beside one whose
/// budget is split equally for good.</summary>
internal static class ShiftingLoad
{
    private const int Warming = 40_000;
    private const int Window = 2_000;
    private const int Windows = 30;
    private const int Families = 9;

    // The tag family's pages that are wanted often are more than a ninth of it, and less than the whole.
    private static readonly ByteSize s_budget = ByteSize.MiB(20);

    public static async Task<int> RunAsync(int count, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("mortise-shift-").FullName;
        try
        {
            var source = new AmplifiedEvents(AmplifiedEvents.ReadTemplates(null), count, seed);
            BenchStore filled = await BenchStore.OpenAsync(folder, []);
            await filled.FillAsync(source.Make(count));
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{count:N0} events, indexes of {filled.IndexBytes >> 20} MiB, a budget of {s_budget}, seed {seed}"));
            await filled.Store.DisposeAsync();

            Result follows = await MeasureAsync(folder, source, seed, new CacheBudgetOptions());
            Result equal = await MeasureAsync(
                folder, source, seed, new CacheBudgetOptions { AccessesPerRound = int.MaxValue });
            Console.WriteLine("| tag scans since the shift | seconds | misses | of an equal split | ratio |");
            Console.WriteLine("|---|---|---|---|---|");
            for (int i = 0; i < Windows; i++)
            {
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {(i + 1) * Window} | {follows.Seconds[i]:F2} | {follows.Misses[i]} | {equal.Misses[i]} | {(double)follows.Misses[i] / Math.Max(1, equal.Misses[i]):F2} |"));
            }

            int half = Array.FindIndex(follows.Misses, 0, m => 2 * m <= equal.Misses[Array.IndexOf(follows.Misses, m)]);
            bool stays = half >= 0 && Enumerable.Range(half, Windows - half)
                .All(i => 2 * follows.Misses[i] <= equal.Misses[i]);
            Console.WriteLine(stays
                ? string.Create(
                    CultureInfo.InvariantCulture,
                    $"half of an equal split's misses from {(half + 1) * Window} scans on, {follows.Seconds[half]:F2} s, {follows.Rounds[half]} divisions after the shift")
                : "not half of an equal split's misses");
            return stays ? 0 : 1;
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<Result> MeasureAsync(
        string folder, AmplifiedEvents source, int seed, CacheBudgetOptions options)
    {
        var memory = new CacheBudget(
            s_budget, Families, static capacity => new S3FifoCachePolicy(new S3FifoOptions(), capacity), options);
        BenchStore bench = await BenchStore.OpenAsync(folder, [], memory: memory);
        await using EventStore store = bench.Store;
        var random = new Random(seed);
        for (int i = 0; i < Warming; i++)
        {
            Ask(store, $$"""{"authors":["{{Author(source, random)}}"],"limit":20}""");
        }

        var result = new Result(new long[Windows], new double[Windows], new long[Windows]);
        long rounds = memory.Rounds;
        long started = Stopwatch.GetTimestamp();
        for (int window = 0; window < Windows; window++)
        {
            long before = Pages(store);
            for (int i = 0; i < Window; i++)
            {
                Ask(store, $$"""{"#p":["{{Author(source, random)}}"],"limit":100}""");
            }

            result.Misses[window] = Pages(store) - before;
            result.Seconds[window] = Stopwatch.GetElapsedTime(started).TotalSeconds;
            result.Rounds[window] = memory.Rounds - rounds;
        }

        return result;
    }

    // Readers want few of them often, and many now and then.
    private static string Author(AmplifiedEvents source, Random random) => Convert.ToHexStringLower(
        source.Author((int)(Math.Pow(random.NextDouble(), 2) * source.Authors)));

    private static long Pages(EventStore store) =>
        store.GetStatistics().Families.Sum(static f => f.Partitions.Sum(static p => p.Index.PagesRead));

    private static void Ask(EventStore store, string filter)
    {
        foreach (NostrEvent _ in store.Query([Filter.Parse(filter)]))
        {
        }
    }

    /// <param name="Misses">Pages read in each window.</param>
    /// <param name="Seconds">Since the shift, at its end.</param>
    /// <param name="Rounds">Divisions since the shift, at its end.</param>
    private sealed record Result(long[] Misses, double[] Seconds, long[] Rounds);
}
