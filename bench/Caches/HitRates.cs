using System.Diagnostics;
using System.Globalization;
using Mortise.Cache.Clock;
using Mortise.Cache.Lru;
using Mortise.Cache.S3Fifo;
using Mortise.Caching;
using Mortise.Conformance;
using Mortise.Nostr;

namespace Mortise.Bench.Caches;

/// <summary>Hits of each cache policy on three traces beside Belady's optimum, and what a hit costs.</summary>
internal static class HitRates
{
    private const int Seed = 1;

    private static readonly (string Name, Func<long, ICachePolicy> Make)[] s_policies =
    [
        ("LRU", static capacity => new LruCachePolicy(new LruOptions(), capacity)),
        ("CLOCK", static capacity => new ClockCachePolicy(new ClockOptions(), capacity)),
        ("S3-FIFO", static capacity => new S3FifoCachePolicy(new S3FifoOptions(), capacity)),
    ];

    public static async Task RunAsync(string? file)
    {
        List<NostrEvent> events = file is not null ? EventTrace.Read(file) : [.. SampleEvents.Generate(50_000, Seed)];
        CacheTrace[] traces =
        [
            CacheTrace.Zipf(Seed, 100_000, 2_000_000),
            CacheTrace.WithScans(Seed, 100_000, 2_000_000, scanLength: 10_000, scanShare: 0.3),
            await EventTrace.RecordAsync(events, 20_000, Seed),
        ];
        string names = string.Join(" | ", s_policies.Select(static p => p.Name));
        Console.WriteLine($"| trace | pages | accesses | cache | {names} | optimum |");
        Console.WriteLine($"|---|---|---|---|{string.Concat(s_policies.Select(static _ => "---|"))}---|");
        foreach (CacheTrace trace in traces)
        {
            foreach (int percent in (int[])[1, 5, 20])
            {
                int capacity = Math.Max(2, trace.Items * percent / 100);
                var cells = s_policies.Select(p => Hits(trace, trace.Misses(p.Make(capacity))));
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"| {trace.Name} | {trace.Items} | {trace.Length} | {percent} % | {string.Join(" | ", cells)} | {Hits(trace, trace.OptimalMisses(capacity))} |"));
            }
        }

        Console.WriteLine();
        foreach ((string name, Func<long, ICachePolicy> make) in s_policies)
        {
            HitCost(name, make);
        }
    }

    private static string Hits(CacheTrace trace, long misses) =>
        (100.0 * (trace.Length - misses) / trace.Length).ToString("F1", CultureInfo.InvariantCulture) + " %";

    // As the page cache does it: hits are noted by readers and handed over 64 at a time.
    private static void HitCost(string name, Func<long, ICachePolicy> make)
    {
        const int Slots = 30_000;
        const int Batches = 256;
        const int Rounds = 4000;
        ICachePolicy policy = make(Slots);
        for (int i = 0; i < Slots; i++)
        {
            policy.Insert(new CacheSlot(i), (ulong)i, 1);
        }

        var random = new Random(Seed);
        CacheSlot[] hits = new CacheSlot[64 * 1024];
        for (int i = 0; i < hits.Length; i++)
        {
            hits[i] = new CacheSlot(random.Next(Slots));
        }

        double best = double.MaxValue;
        long bytes = 0;

        // Short ones, so that the best was not interrupted.
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            long started = Stopwatch.GetTimestamp();
            for (int i = 0; i < Batches; i++)
            {
                policy.Touch(hits.AsSpan((i + (round * Batches)) % 1024 * 64, 64));
            }

            best = Math.Min(best, Stopwatch.GetElapsedTime(started).TotalNanoseconds / (64.0 * Batches));
            bytes = GC.GetAllocatedBytesForCurrentThread() - before;
        }

        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture, $"{name}: {best:F1} ns and {bytes / (64.0 * Batches):F1} bytes a hit, random over {Slots} pages"));
    }
}
