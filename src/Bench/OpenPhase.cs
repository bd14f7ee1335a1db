using System.Diagnostics;
using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Opens a store and looks up one id.</summary>
internal static class OpenPhase
{
    public static async ValueTask<OpenResult> RunAsync(
        BenchStores open, string folder, string what, QuerySection points)
    {
        long began = Stopwatch.GetTimestamp();
        EventStore store = await open(folder, SyncMode.Batch, true).ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            double opened = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var sink = new ResultBuffer.Sink(new ResultBuffer());
            began = Stopwatch.GetTimestamp();
            store.TryGet(points.Id(0), ref sink);
            double found = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            return new OpenResult(what, opened, found, store.OpenReport.ReplayedCommits);
        }
    }
}
