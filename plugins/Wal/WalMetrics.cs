using System.Diagnostics.Metrics;
using Mortise.Logging;
using Mortise.Primitives;

namespace Mortise.Wal;

/// <summary>What the log measures: its counters, and each device sync.</summary>
/// <remarks>Appends record nothing: the counters are read when somebody looks. Threads: any.</remarks>
internal sealed class WalMetrics
{
    private readonly Meter _meter;
    private readonly TimeProvider _time;
    private readonly Histogram<double> _duration;
    private readonly Histogram<int> _records;

    public WalMetrics(Meter meter, TimeProvider time)
    {
        _meter = meter;
        _time = time;
        _duration = meter.CreateHistogram(
            "mortise.wal.sync.duration", "s", "One device sync of the log.", advice: MetricBuckets.Seconds);
        _records = meter.CreateHistogram(
            "mortise.wal.sync.records", "{record}", "Records that one sync made durable.", advice: MetricBuckets.Counts);
    }

    /// <summary>Publishes what is read when somebody looks, on whatever thread and at once: the last thing in opening.
    /// </summary>
    public void Publish(Func<LogStatistics> statistics, Func<bool> isFaulted)
    {
        _meter.CreateObservableCounter(
            "mortise.wal.appends", () => statistics().Appends, "{record}", "Records appended.");
        _meter.CreateObservableCounter(
            "mortise.wal.bytes", () => statistics().AppendedBytes, "By", "Bytes of their payloads.");
        _meter.CreateObservableCounter("mortise.wal.syncs", () => statistics().Syncs, "{sync}", "Device syncs.");
        _meter.CreateObservableGauge("mortise.wal.segments", () => statistics().Segments, "{segment}", "Segments in use.");
        _meter.CreateObservableGauge("mortise.wal.disk", () => statistics().DiskBytes, "By", "Bytes of all its files.");
        _meter.CreateObservableGauge(
            "mortise.wal.faulted", () => isFaulted() ? 1 : 0, description: "1 when the log refuses writes.");
    }

    /// <summary>A sync begins.</summary>
    /// <returns>What <see cref="SyncEnded"/> wants to know; 0 when nobody listens.</returns>
    public long SyncBegins() => _duration.Enabled || _records.Enabled ? _time.GetTimestamp() : 0;

    /// <summary>A sync has succeeded.</summary>
    /// <param name="began">From <see cref="SyncBegins"/>.</param>
    /// <param name="records">Records that it made durable.</param>
    public void SyncEnded(long began, ulong records)
    {
        if (began != 0)
        {
            _duration.Record(_time.GetElapsedTime(began).TotalSeconds);
            _records.Record((int)Math.Min(records, int.MaxValue));
        }
    }
}
