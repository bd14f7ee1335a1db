using System.Diagnostics;
using Mortise.Bench.Measuring;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Measures a stack on somebody's own events and requests, and checks every answer against a search of all
/// events that the store holds.</summary>
/// <param name="open">The stack under test.</param>
/// <param name="scratch">An existing folder for the stores.</param>
/// <param name="batchSize">Events a commit.</param>
public sealed class OwnEventsRun(BenchStores open, string scratch, int batchSize)
{
    /// <summary>Runs.</summary>
    /// <param name="lines">Events as JSON, hostile.</param>
    /// <param name="requests">Each the filters of one request.</param>
    /// <param name="progress">Told of each step as it begins.</param>
    /// <param name="cancellation">Stops between operations.</param>
    public async ValueTask<OwnEventsResult> RunAsync(
        IReadOnlyList<byte[]> lines,
        IReadOnlyList<IReadOnlyList<Filter>> requests,
        IProgress<string>? progress,
        CancellationToken cancellation)
    {
        progress?.Report("checking events");
        NostrEvent?[] events = Parse(lines, verifies: false, cancellation);
        long began = Stopwatch.GetTimestamp();
        Parallel.ForEach(
            events,
            new ParallelOptions { CancellationToken = cancellation },
            static @event => _ = @event is null ? VerifyResult.BadId : EventVerifier.Default.Verify(@event.View));
        double bound = events.Length / Stopwatch.GetElapsedTime(began).TotalSeconds;

        progress?.Report("storing, unchecked");
        (double plain, _) = await IngestAsync(
            Path.Combine(scratch, "plain"), lines, verifies: false, cancellation).ConfigureAwait(false);
        progress?.Report("storing, checked");
        string folder = Path.Combine(scratch, "verified");
        (double verified, long refused) = await IngestAsync(folder, lines, verifies: true, cancellation)
            .ConfigureAwait(false);

        progress?.Report("answering");
        long disk = DiskUse.ByPart(folder).Values.Sum();
        EventStore store = await open(folder, SyncMode.Batch, true)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            List<NostrEvent> stored = AllOf(store);
            var latencies = new Latencies(requests.Count);
            var wrong = new List<int>();
            long results = 0;
            var answer = new List<string>();
            for (int i = 0; i < requests.Count; i++)
            {
                cancellation.ThrowIfCancellationRequested();
                answer.Clear();
                var buffer = new ResultBuffer();
                var sink = new ResultBuffer.Sink(buffer);
                long before = Stopwatch.GetTimestamp();
                store.Query(requests[i], ref sink, cancellation: cancellation);
                latencies.Add(Stopwatch.GetTimestamp() - before);
                results += buffer.Count;
                answer.AddRange(store.Query(requests[i], cancellation: cancellation).Select(static e => e.Id));
                if (answer.Count != buffer.Count || !answer.SequenceEqual(Search(requests[i], stored)))
                {
                    wrong.Add(i);
                }
            }

            return new OwnEventsResult(
                lines.Count - refused,
                refused,
                stored.Count,
                bound,
                verified,
                plain,
                (double)disk / Math.Max(1, stored.Count),
                requests.Count,
                results,
                latencies.Microseconds(0.5),
                latencies.Microseconds(0.99),
                wrong);
        }
    }

    private async ValueTask<(double PerSecond, long Refused)> IngestAsync(
        string folder, IReadOnlyList<byte[]> lines, bool verifies, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        EventStore store = await open(folder, SyncMode.Always, true)().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            long refused = 0;
            long began = Stopwatch.GetTimestamp();
            Task<IReadOnlyList<PutResult>> storing = Task.FromResult<IReadOnlyList<PutResult>>([]);
            for (int i = 0; i < lines.Count; i += batchSize)
            {
                // The next batch is parsed and checked while the one before is stored.
                var batch = new ArraySegment<byte[]>([.. lines.Skip(i).Take(batchSize)]);
                List<NostrEvent> taken = [.. Parse(batch, verifies, cancellation).OfType<NostrEvent>()];
                refused += batch.Count - taken.Count;
                await storing.ConfigureAwait(false);
                storing = Task.Run(() => store.PutAsync(taken, cancellation).AsTask(), cancellation);
            }

            await storing.ConfigureAwait(false);
            await store.CheckpointAsync(cancellation).ConfigureAwait(false);
            return (lines.Count / Stopwatch.GetElapsedTime(began).TotalSeconds, refused);
        }
    }

    private static NostrEvent?[] Parse(IReadOnlyList<byte[]> lines, bool verifies, CancellationToken cancellation)
    {
        var events = new NostrEvent?[lines.Count];
        Parallel.For(0, lines.Count, new ParallelOptions { CancellationToken = cancellation }, i =>
        {
            if (EventJson.TryParse(lines[i], out NostrEvent? read, out _)
                && (!verifies || EventVerifier.Default.Verify(read!.View) == VerifyResult.Ok))
            {
                events[i] = read;
            }
        });
        return events;
    }

    private static List<NostrEvent> AllOf(EventStore store)
    {
        List<NostrEvent> all = [.. store.Query([Filter.Everything], cancellation: default)];
        all.Sort(static (a, b) => a.CreatedAt != b.CreatedAt
            ? b.CreatedAt.CompareTo(a.CreatedAt)
            : a.View.Id.SequenceCompareTo(b.View.Id));
        return all;
    }

    /// <summary>The ids that a request wants: of each filter the newest up to its limit, all together in order.</summary>
    private static IEnumerable<string> Search(IReadOnlyList<Filter> request, List<NostrEvent> stored)
    {
        int[] left = [.. request.Select(static f => f.Limit ?? int.MaxValue)];
        foreach (NostrEvent @event in stored)
        {
            bool wanted = false;
            for (int f = 0; f < left.Length; f++)
            {
                if (left[f] > 0 && request[f].Matches(@event.View))
                {
                    left[f]--;
                    wanted = true;
                }
            }

            if (wanted)
            {
                yield return @event.Id;
            }
        }
    }
}
