using System.Diagnostics;
using Mortise.Bench.Workload;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>What a writer that never stops costs a reader: one thread asks alone, and again while another stores events
/// that are new.</summary>
internal static class BesidePhase
{
    private const int BatchEvents = 1000;

    /// <summary>Ids of the events that are written, as those of the workload with these bits turned.</summary>
    private const byte OtherIds = 0xA5;

    public static async ValueTask<BesideResult> RunAsync(
        EventStore store,
        QuerySection section,
        WorkloadFile workload,
        TimeSpan longest,
        CancellationToken cancellation)
    {
        double alone = QueryPhase.PerCpuSecond(store, section, longest, cancellation);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellation);
        long written = 0;
        long began = Stopwatch.GetTimestamp();
        Task writer = Task.Run(
            async () =>
            {
                var tags = new TagListWriter();
                var batch = new List<NostrEvent>(BatchEvents);
                long position = 0;
                for (long i = 0; i < workload.Count && !stop.IsCancellationRequested; i++)
                {
                    batch.Add(workload.Read(ref position).ToEvent(tags, OtherIds));
                    if (batch.Count == BatchEvents || i == workload.Count - 1)
                    {
                        await store.PutAsync(batch, CancellationToken.None).ConfigureAwait(false);
                        written += batch.Count;
                        batch.Clear();
                    }
                }
            },
            CancellationToken.None);
        double beside;
        double seconds;
        try
        {
            beside = QueryPhase.PerCpuSecond(store, section, longest, cancellation);
            seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        }
        finally
        {
            await stop.CancelAsync().ConfigureAwait(false);
            await writer.ConfigureAwait(false);
        }

        return new BesideResult(section.Name, alone, beside, written / seconds);
    }
}
