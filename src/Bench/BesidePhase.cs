using System.Diagnostics;
using Mortise.Bench.Workload;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>What a writer costs a reader: one thread asks alone, and again while another stores events that are new, a few at
/// a time as a relay does, and at last as many as it can.</summary>
internal static class BesidePhase
{
    private const int BatchEvents = 1000;
    private const int PacedBatchEvents = 50;

    /// <summary>Ids of the events that are written, as those of the workload with these bits turned.</summary>
    private const byte OtherIds = 0xA5;

    /// <summary>Events a second; the last writer never waits.</summary>
    private static ReadOnlySpan<int> Rates => [1_000, 10_000, int.MaxValue];

    public static async ValueTask<IReadOnlyList<BesideResult>> RunAsync(
        EventStore store,
        QuerySection section,
        WorkloadFile workload,
        TimeSpan longest,
        CancellationToken cancellation)
    {
        var results = new List<BesideResult>();
        var source = new NewEvents(workload);
        foreach (int rate in Rates.ToArray())
        {
            double alone = QueryPhase.PerCpuSecond(store, section, longest, cancellation);
            using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
            long before = source.Written;
            long began = Stopwatch.GetTimestamp();
            Task writer = Task.Run(() => source.StoreAsync(store, rate, stop.Token), CancellationToken.None);
            double beside;
            double seconds;
            long written;
            try
            {
                beside = QueryPhase.PerCpuSecond(store, section, longest, cancellation);
                seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
                written = source.Written - before;
            }
            finally
            {
                await stop.CancelAsync().ConfigureAwait(false);
                await writer.ConfigureAwait(false);
            }

            results.Add(new BesideResult(section.Name, alone, beside, written / seconds));
        }

        return results;
    }

    /// <summary>The workload's events with other ids, each once.</summary>
    private sealed class NewEvents(WorkloadFile workload)
    {
        private readonly TagListWriter _tags = new();
        private readonly List<NostrEvent> _batch = new(BatchEvents);
        private long _position;
        private long _taken;
        private long _written;

        /// <summary>Stored so far; any thread.</summary>
        public long Written => Interlocked.Read(ref _written);

        public async Task StoreAsync(EventStore store, int rate, CancellationToken stop)
        {
            int size = rate == int.MaxValue ? BatchEvents : PacedBatchEvents;
            long began = Stopwatch.GetTimestamp();
            long stored = 0;
            while (_taken < workload.Count && !stop.IsCancellationRequested)
            {
                _batch.Clear();
                for (; _batch.Count < size && _taken < workload.Count; _taken++)
                {
                    _batch.Add(workload.Read(ref _position).ToEvent(_tags, OtherIds));
                }

                await store.PutAsync(_batch, CancellationToken.None).ConfigureAwait(false);
                stored += _batch.Count;
                Interlocked.Add(ref _written, _batch.Count);
                TimeSpan early = TimeSpan.FromSeconds((double)stored / rate) - Stopwatch.GetElapsedTime(began);
                if (early > TimeSpan.Zero)
                {
                    await Task.Delay(early, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
                }
            }
        }
    }
}
