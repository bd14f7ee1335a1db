using System.Text.Json;
using System.Text.Json.Serialization;
using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Nostr;

namespace Mortise.Bench.Tests;

/// <summary>What fixed work costs in counts, which no busy machine changes: beside the counts that are checked in, a
/// change for the worse fails, and one for the better asks to be kept.</summary>
public sealed class CountTests
{
    private const int Events = 4000;
    private const int BatchSize = 250;
    private const int QueriesPerSection = 40;

    // Fewer bytes or entries are welcome; so many fewer must be written down, or the next change gives them back.
    private const double Worse = 1.02;
    private const double Better = 0.90;

    private static readonly JsonSerializerOptions s_json = new()
    {
        WriteIndented = true,
        NumberHandling = JsonNumberHandling.Strict,
    };

    [Fact]
    public void Fixed_work_costs_no_more_than_the_counts_that_are_checked_in()
    {
        SortedDictionary<string, long> counts = CountAll();
        string path = Path.Combine(Stores.Root, "tests", "Bench.Tests", "counts.json");
        if (Environment.GetEnvironmentVariable("UPDATE_COUNTS") is "1")
        {
            File.WriteAllText(path, JsonSerializer.Serialize(counts, s_json) + "\n");
        }

        var expected = JsonSerializer.Deserialize<SortedDictionary<string, long>>(File.ReadAllText(path))!;
        Assert.Equal(expected.Keys, counts.Keys);
        string[] findings = [.. counts.Select(c => Compare(c.Key, expected[c.Key], c.Value)).OfType<string>()];
        Assert.True(
            findings.Length == 0,
            string.Join('\n', [.. findings, "When that is meant: UPDATE_COUNTS=1 dotnet test tests/Bench.Tests"]));
    }

    private static string? Compare(string name, long expected, long actual) =>
        actual > expected * Worse ? $"{name}: {actual}, was {expected}: worse"
        : actual < expected * Better ? $"{name}: {actual}, was {expected}: better, keep it"
        : null;

    private static SortedDictionary<string, long> CountAll()
    {
        using var folder = new TemporaryFolder();
        WorkloadGenerator.Write(folder.Path, Events, 42);
        using WorkloadFile workload = WorkloadFile.Open(folder.Path);
        using var world = new SimWorld(1, new SimDiskOptions { CanMap = true });
        var counts = new SortedDictionary<string, long>(StringComparer.Ordinal);
        EventStore store = world.Background.Complete(Open(world));
        int before = world.Disk.Log.Count;
        Ingest(world, store, workload);
        CountDisk(world.Disk.Log.Skip(before), counts);
        foreach (QuerySection section in QueryFile.Read(folder.Path, QueriesPerSection))
        {
            CountQueries(store, section, counts);
        }

        world.Background.Complete(store.DisposeAsync());
        return counts;
    }

    private static void Ingest(SimWorld world, EventStore store, WorkloadFile workload)
    {
        var tags = new TagListWriter();
        var batch = new List<NostrEvent>(BatchSize);
        long position = 0;
        for (long i = 1; i <= workload.Count; i++)
        {
            batch.Add(workload.Read(ref position).ToEvent(tags));
            if (batch.Count == BatchSize || i == workload.Count)
            {
                _ = world.Background.Complete(store.PutAsync(batch));
                world.Background.RunAll();
                batch.Clear();
            }
        }

        world.Background.Complete(store.CheckpointAsync());
    }

    private static ValueTask<EventStore> Open(SimWorld world) => EventStore.OpenAsync(
        StackComposer.Compose(
            Stores.Resolve(SyncMode.Always, checkpoints: true),
            world.Disk.Root,
            new HostServices
            {
                Time = world.Clock,
                Background = world.Background,
                Logs = _ => world.Log,
                Seed = world.Seed,
            }).Composition,
        Stores.Policy(keepAll: true));

    private static void CountDisk(IEnumerable<SimOperation> operations, SortedDictionary<string, long> counts)
    {
        foreach (SimOperation operation in operations)
        {
            string part = operation.Path.Split('/')[0] is { Length: > 0 } folder ? folder : "root";
            switch (operation.Kind)
            {
                case SimOperationKind.Write:
                    Add($"ingest: {part}: bytes written", operation.Length);
                    Add($"ingest: {part}: writes", 1);
                    break;
                case SimOperationKind.Sync or SimOperationKind.SyncDirectory:
                    Add($"ingest: {part}: syncs", 1);
                    break;
                default:
                    break;
            }
        }

        void Add(string name, long count) => counts[name] = counts.GetValueOrDefault(name) + count;
    }

    private static void CountQueries(EventStore store, QuerySection section, SortedDictionary<string, long> counts)
    {
        long entries = 0;
        long records = 0;
        for (int i = 0; i < section.Count && !section.IsPoint; i++)
        {
            QueryExplanation explanation = store.Explain([section.Filter(i)]);
            entries += explanation.Entries;
            records += explanation.Records;
        }

        if (!section.IsPoint)
        {
            counts[$"{section.Name}: entries"] = entries;
            counts[$"{section.Name}: records"] = records;
        }

        counts[$"{section.Name}: bytes allocated"] = Allocated(store, section);
    }

    /// <summary>What one query allocates on its thread once pools are filled: the least of some, as a collection may have
    /// emptied a pool in between.</summary>
    private static long Allocated(EventStore store, QuerySection section)
    {
        var results = new ResultBuffer();
        var filters = new Filter[1];
        long least = long.MaxValue;
        for (int i = 0; i < section.Count; i++)
        {
            var sink = new ResultBuffer.Sink(results);
            results.Clear();
            if (!section.IsPoint)
            {
                filters[0] = section.Filter(i);
            }

            long before = GC.GetAllocatedBytesForCurrentThread();
            if (section.IsPoint)
            {
                store.TryGet(section.Id(i), ref sink);
            }
            else
            {
                store.Query(filters, ref sink);
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
