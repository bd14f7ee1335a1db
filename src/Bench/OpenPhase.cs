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
        Func<ValueTask<EventStore>> composed = open(folder, SyncMode.Batch, true);
        double composing = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
        began = Stopwatch.GetTimestamp();
        EventStore store = await composed().ConfigureAwait(false);
        await using (store.ConfigureAwait(false))
        {
            double opened = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            var sink = new ResultBuffer.Sink(new ResultBuffer());
            began = Stopwatch.GetTimestamp();
            store.TryGet(points.Id(0), ref sink);
            double found = Stopwatch.GetElapsedTime(began).TotalMilliseconds;
            return new OpenResult(what, composing, opened, found, store.OpenReport.ReplayedCommits);
        }
    }
}
