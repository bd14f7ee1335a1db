using System.Diagnostics;
using System.Globalization;
using Mortise.Bench.Query;
using Mortise.Nostr;

namespace Mortise.Bench.Caches;

/// <summary>What it takes to drop a year of a store of five, five of whose families are divided by month.</summary>
/// <remarks>Events by id, address, deletion and expiration are in families of one partition, as the documentation advises,
/// so that entries of each dropped event go from there one by one, behind the drop.</remarks>
internal static class DroppedYear
{
    private const int Years = 5;

    public static async Task<int> RunAsync(int count, int seed)
    {
        string folder = Directory.CreateTempSubdirectory("mortise-year-").FullName;
        try
        {
            long first = new DateTimeOffset(2020, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
            long end = new DateTimeOffset(2020 + Years, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
            var source = new AmplifiedEvents(AmplifiedEvents.ReadTemplates(null), count, seed, first, end - first - 61);
            string[] overrides = [.. BenchStore.Monthly, "cache.budget=256MiB", "wal.syncMode=batch"];
            BenchStore filled = await BenchStore.OpenAsync(folder, overrides);
            await filled.FillAsync(source.Make(count));
            await filled.Store.DisposeAsync();

            // As a store is that has served for years: opened anew, its old partitions closed.
            BenchStore bench = await BenchStore.OpenAsync(folder, overrides);
            await using EventStore store = bench.Store;
            Console.WriteLine(string.Create(
                CultureInfo.InvariantCulture,
                $"{store.GetStatistics().Records.LiveRecords:N0} events over {Years} years, seed {seed}"));
            for (int year = 2020; year < 2020 + Years - 1; year++)
            {
                long before = new DateTimeOffset(year + 1, 1, 1, 0, 0, 0, TimeSpan.Zero).ToUnixTimeSeconds();
                var policy = new RetentionPolicy
                {
                    MaxAge = TimeSpan.FromSeconds(TimeProvider.System.GetUtcNow().ToUnixTimeSeconds() - before),
                };
                TimeSpan processor = Environment.CpuUsage.TotalTime;
                long started = Stopwatch.GetTimestamp();
                RetentionReport report = await store.ApplyRetentionAsync(policy);
                TimeSpan taken = Stopwatch.GetElapsedTime(started);
                processor = Environment.CpuUsage.TotalTime - processor;
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{year}: {report.Partitions.Count} partitions, {report.Events:N0} events, out of force after {report.PartitionsOutOfForceAfter.TotalMilliseconds:F1} ms; {report.IndexBytes >> 10:N0} KiB of index files and all else in {taken.TotalMilliseconds:F1} ms, {processor.TotalMilliseconds:F1} ms of processor"));
            }
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }

        return 0;
    }
}
