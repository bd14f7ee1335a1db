using System.Diagnostics.Metrics;
using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The engine's own metrics: the meter <c>Mortise</c>. Parts have meters of their own, <c>Mortise.wal</c> and so
/// on.</summary>
/// <remarks>Recording allocates nothing and costs nothing while nobody listens. Units follow UCUM: seconds, bytes.
/// Threads: any.</remarks>
internal sealed class StoreMetrics : IDisposable
{
    /// <summary>The meter's name.</summary>
    public const string MeterName = "Mortise";

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Meter _meter;
    private readonly Counter<long> _commits;
    private readonly Counter<long> _failed;
    private readonly Counter<long> _bytes;
    private readonly Histogram<double> _latency;
    private readonly Histogram<int> _groupSize;
    private readonly Counter<long> _checkpoints;
    private readonly Counter<long> _failedCheckpoints;
    private readonly Histogram<double> _checkpointDuration;
    private readonly Counter<long> _compactions;
    private readonly Counter<long> _reclaimed;
    private OpenedParts? _parts;

    public StoreMetrics(OpenedParts parts)
    {
        _parts = parts;
        _time = parts.Composition.Time;
        _meter = new Meter(MeterName, version: null, tags: [new("store", parts.StoreId)]);
        _commits = _meter.CreateCounter<long>("mortise.commits", "{commit}", "Commits acknowledged.");
        _failed = _meter.CreateCounter<long>("mortise.commits.failed", "{commit}", "Writes that failed.");
        _bytes = _meter.CreateCounter<long>("mortise.commit.bytes", "By", "Bytes of commits given to the log.");
        _latency = _meter.CreateHistogram(
            "mortise.commit.duration", "s", "From a write's submission to its acknowledgement.",
            advice: MetricBuckets.Seconds);
        _groupSize = _meter.CreateHistogram(
            "mortise.commit.group_size", "{commit}", "Writes that shared one group.", advice: MetricBuckets.Counts);
        _checkpoints = _meter.CreateCounter<long>("mortise.checkpoints", "{checkpoint}", "Checkpoints completed.");
        _failedCheckpoints = _meter.CreateCounter<long>(
            "mortise.checkpoints.failed", "{checkpoint}", "Checkpoints that failed.");
        _checkpointDuration = _meter.CreateHistogram(
            "mortise.checkpoint.duration", "s", "From capture to truncation.", advice: MetricBuckets.Seconds);
        _compactions = _meter.CreateCounter<long>("mortise.compactions", "{compaction}", "Compactions that ended.");
        _reclaimed = _meter.CreateCounter<long>(
            "mortise.compaction.bytes", "By", "Bytes of deleted records whose segments were given back.");
    }

    /// <summary>True when somebody wants to know how long commits take, so that the clock is worth reading.</summary>
    public bool TimesCommits => _latency.Enabled;

    /// <summary>Publishes what is read when somebody looks, on whatever thread and at once: the last thing in making a
    /// store.</summary>
    public void Publish(OpenReport report, VersionHolder versions, Func<bool> isFaulted)
    {
        _meter.CreateObservableGauge(
            "mortise.recovery.duration", () => report.Duration.TotalSeconds, "s", "What opening the store took.");
        _meter.CreateObservableGauge(
            "mortise.recovery.commits", () => report.ReplayedCommits, "{commit}", "Commits replayed by opening.");
        _meter.CreateObservableGauge(
            "mortise.faulted", () => isFaulted() ? 1 : 0, description: "1 when the store refuses writes.");
        _meter.CreateObservableGauge(
            "mortise.lsn", () => Observe(_ => (long)versions.Lsn.Value), "{commit}", "The last commit readers see.");
        _meter.CreateObservableGauge(
            "mortise.durable_lsn",
            () => Observe(static p => (long)p.Durability.DurableLsn.Value),
            "{commit}",
            "The last commit that survives a power cut.");
        _meter.CreateObservableGauge(
            "mortise.family.memory", () => ObserveFamilies(static f => Sum(f, static s => s.MemoryBytes)), "By",
            "Bytes that a family holds in memory, buffered changes and cached pages.");
        _meter.CreateObservableGauge(
            "mortise.family.disk", () => ObserveFamilies(static f => Sum(f, static s => s.DiskBytes)), "By",
            "Bytes of a family's files.");
        _meter.CreateObservableGauge(
            "mortise.family.entries", () => ObserveFamilies(static f => Sum(f, static s => s.Entries)), "{entry}",
            "Entries of a family, about.");
        _meter.CreateObservableGauge(
            "mortise.family.partitions", () => ObserveFamilies(static f => f.Partitions.Length), "{partition}",
            "Partitions of a family.");
        _meter.CreateObservableGauge(
            "mortise.partitions.open", () => Observe(static p => p.Indexes.Count), "{partition}",
            "Partitions that are open, of families that have several.");
        _meter.CreateObservableCounter(
            "mortise.partitions.openings", () => Observe(static p => p.Indexes.Now), "{partition}",
            "Partitions opened since the store was.");
    }

    /// <summary>A group of writes was logged and applied.</summary>
    public void GroupCommitted(int writes, long bytes)
    {
        _groupSize.Record(writes);
        _bytes.Add(bytes);
    }

    /// <summary>Writes were acknowledged.</summary>
    public void Acknowledged(List<StoreWrite> writes)
    {
        _commits.Add(writes.Count);
        if (!_latency.Enabled)
        {
            return;
        }

        long now = _time.GetTimestamp();
        foreach (StoreWrite write in writes)
        {
            // 0 when nobody listened yet at its submission.
            if (write.SubmittedAt != 0)
            {
                _latency.Record(_time.GetElapsedTime(write.SubmittedAt, now).TotalSeconds);
            }
        }
    }

    /// <summary>A write failed.</summary>
    public void WriteFailed() => _failed.Add(1);

    /// <summary>A checkpoint is done.</summary>
    public void CheckpointCompleted(in CheckpointReport report)
    {
        _checkpoints.Add(1);
        _checkpointDuration.Record(report.Duration.TotalSeconds);
    }

    /// <summary>A checkpoint failed.</summary>
    public void CheckpointFailed() => _failedCheckpoints.Add(1);

    /// <summary>A compaction is done.</summary>
    public void CompactionCompleted(CompactionReport report)
    {
        _compactions.Add(1);
        _reclaimed.Add(Math.Max(0, report.DiskBytesBefore - report.DiskBytesAfter));
    }

    /// <summary>Ends the metrics; waits for an observation under way, since the parts close next.</summary>
    public void Dispose()
    {
        lock (_gate)
        {
            _parts = null;
        }

        _meter.Dispose();
    }

    private static long Sum(FamilyState family, Func<Indexing.IndexStatistics, long> value)
    {
        long sum = 0;
        foreach (PartitionState partition in family.Partitions)
        {
            sum += value(partition.Handle.Statistics);
        }

        return sum;
    }

    private IEnumerable<Measurement<long>> Observe(Func<OpenedParts, long> value)
    {
        lock (_gate)
        {
            return _parts is null ? [] : [new Measurement<long>(value(_parts))];
        }
    }

    private List<Measurement<long>> ObserveFamilies(Func<FamilyState, long> value)
    {
        lock (_gate)
        {
            return _parts is null
                ? []
                : [.. _parts.Families.Select(f =>
                    new Measurement<long>(value(f), new KeyValuePair<string, object?>("family", f.Part.Name)))];
        }
    }
}
