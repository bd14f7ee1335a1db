using System.Diagnostics;
using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Loads the workload in batches. Encoding the events is part of what is measured.</summary>
internal static class IngestPhase
{
    public static async ValueTask<IngestResult> RunAsync(
        BenchStores open,
        string folder,
        SyncMode mode,
        WorkloadFile workload,
        int batchSize,
        bool checkpoints,
        CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        EventStore store = await open(folder, mode, checkpoints)().ConfigureAwait(false);
        Load load;
        await using (store.ConfigureAwait(false))
        {
            load = await LoadAsync(store, workload, batchSize, cancellation).ConfigureAwait(false);
            await store.Engine.PackAllAsync(cancellation).ConfigureAwait(false);
            load.PackedAt = Stopwatch.GetTimestamp();
        }

        return load.ToResult(mode, workload, folder);
    }

    /// <summary>Stores events in batches, without closing the store.</summary>
    public static async ValueTask<Load> LoadAsync(
        EventStore store, WorkloadFile workload, int batchSize, CancellationToken cancellation)
    {
        var load = new Load();
        var batch = new List<NostrEvent>(batchSize);
        var tags = new TagListWriter();
        long position = 0;
        long left = workload.Count;
        long last = Stopwatch.GetTimestamp();
        load.Begin(last);
        while (left > 0)
        {
            cancellation.ThrowIfCancellationRequested();
            batch.Clear();
            for (long i = Math.Min(left, batchSize); i > 0; i--)
            {
                batch.Add(workload.Read(ref position).ToEvent(tags));
            }

            IReadOnlyList<PutResult> results = await store.PutAsync(batch, cancellation).ConfigureAwait(false);
            Require(results);
            left -= batch.Count;
            long now = Stopwatch.GetTimestamp();
            load.Batches.Add(now - last);
            if (left >= workload.Count / 2)
            {
                load.HalfAt = now;
                load.HalfEvents = workload.Count - left;
            }

            last = now;
        }

        load.LoadedAt = last;
        await store.CheckpointAsync(cancellation).ConfigureAwait(false);
        load.End(Stopwatch.GetTimestamp());
        return load;
    }

    private static void Require(IReadOnlyList<PutResult> results)
    {
        foreach (PutResult result in results)
        {
            if (result.Outcome != PutOutcome.Stored)
            {
                throw new InvalidDataException(
                    $"an event of the workload was not stored: {result.Outcome}, {result.Reason}; the stack's policy "
                    + "must keep everything, as its rivals do");
            }
        }
    }

    /// <summary>The times of a load.</summary>
    internal sealed class Load
    {
        private long _began;
        private long _ended;
        private double _cpu;
        private long _allocated;
        private long _written;

        public Latencies Batches { get; } = new(1024);

        public long HalfAt { get; set; }

        public long HalfEvents { get; set; }

        public long LoadedAt { get; set; }

        public long PackedAt { get; set; }

        public void Begin(long now)
        {
            _began = HalfAt = now;
            _cpu = ProcessUse.CpuSeconds;
            _allocated = GC.GetTotalAllocatedBytes(precise: true);
            _written = ProcessUse.WrittenBytes;
        }

        public void End(long now)
        {
            _ended = now;
            _cpu = ProcessUse.CpuSeconds - _cpu;
            _allocated = GC.GetTotalAllocatedBytes(precise: true) - _allocated;
        }

        public IngestResult ToResult(SyncMode mode, WorkloadFile workload, string folder)
        {
            long count = workload.Count;
            long written = ProcessUse.WrittenBytes - _written;
            SortedDictionary<string, long> disk = DiskUse.ByPart(folder);
            return new IngestResult(
                mode == SyncMode.Always ? "durable" : "relaxed",
                count / Seconds(_began, LoadedAt),
                (count - HalfEvents) / Seconds(HalfAt, LoadedAt),
                count / Seconds(_began, _ended),
                count / Seconds(_began, PackedAt),
                _cpu * 1e6 / count,
                Batches.Microseconds(0.5) / 1000,
                Batches.Microseconds(0.99) / 1000,
                Batches.Microseconds(1) / 1000,
                (double)disk.Values.Sum() / count,
                (double)_allocated / count,
                (double)written / workload.BodyBytes,
                disk,
                ProcessUse.AnonymousBytes);
        }

        private static double Seconds(long from, long to) =>
            Math.Max(1e-9, Stopwatch.GetElapsedTime(from, to).TotalSeconds);
    }
}
