using System.Diagnostics;
using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Durable commits of one event each: alone, and many committers that share syncs.</summary>
internal static class CommitPhase
{
    public static async ValueTask<CommitResult> RunAsync(
        BenchStores open,
        string folder,
        WorkloadFile workload,
        int committers,
        int commits,
        CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        NostrEvent[] events = Read(workload, committers * commits);
        int each = events.Length / committers;
        EventStore store = await open(folder, SyncMode.Always, true)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            var latencies = new Latencies[committers];
            long began = Stopwatch.GetTimestamp();
            var tasks = new Task[committers];
            for (int c = 0; c < committers; c++)
            {
                latencies[c] = new Latencies(each);
                var own = new ArraySegment<NostrEvent>(events, c * each, each);
                Latencies times = latencies[c];
                tasks[c] = Task.Run(() => CommitAsync(store, own, times, cancellation), cancellation);
            }

            await Task.WhenAll(tasks).ConfigureAwait(false);
            double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
            for (int c = 1; c < committers; c++)
            {
                latencies[0].Add(latencies[c]);
            }

            return new CommitResult(
                committers,
                each * committers / seconds,
                latencies[0].Microseconds(0.5),
                latencies[0].Microseconds(0.99));
        }
    }

    private static async Task CommitAsync(
        EventStore store, ArraySegment<NostrEvent> events, Latencies latencies, CancellationToken cancellation)
    {
        foreach (NostrEvent @event in events)
        {
            long before = Stopwatch.GetTimestamp();
            await store.PutAsync(@event, cancellation).ConfigureAwait(false);
            latencies.Add(Stopwatch.GetTimestamp() - before);
        }
    }

    private static NostrEvent[] Read(WorkloadFile workload, int most)
    {
        var events = new NostrEvent[Math.Min(most, workload.Count)];
        var tags = new TagListWriter();
        long position = 0;
        for (int i = 0; i < events.Length; i++)
        {
            events[i] = workload.Read(ref position).ToEvent(tags);
        }

        return events;
    }
}
