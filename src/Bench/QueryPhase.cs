using System.Diagnostics;
using Mortise.Bench.Measuring;
using Mortise.Bench.Workload;
using Mortise.Nostr;

namespace Mortise.Bench;

/// <summary>Answers a section of queries: once whole, for the digest, then timed, on each number of threads.</summary>
/// <remarks>Each query takes its own snapshot and copies every whole record into the caller's buffer.</remarks>
internal static class QueryPhase
{
    // Reading the clock of the processor costs more than a query; it is read once in so many.
    private const int CapCheck = 64;

    // Room is made before the clock starts.
    private const int MostLatencies = 4_000_000;

    public static QueryResult Run(
        EventStore store,
        QuerySection section,
        IReadOnlyList<int> threads,
        (TimeSpan Shortest, TimeSpan Longest) time,
        TimeSpan warmUp,
        CancellationToken cancellation)
    {
        (string digest, long rows, double allocated) = RunWhole(store, section, cancellation);
        WarmUp(new Reader(store, section), warmUp, cancellation);
        var passes = new List<QueryPass>();
        foreach (int count in threads)
        {
            passes.Add(RunTimed(store, section, count, time, cancellation));
        }

        return new QueryResult(section.Name, digest, rows, allocated, passes);
    }

    /// <summary>Queries a second of processor time of one thread that asks for so long, from the first again when it
    /// has asked them all.</summary>
    public static double PerCpuSecond(
        EventStore store, QuerySection section, TimeSpan longest, CancellationToken cancellation)
    {
        var reader = new Reader(store, section);
        double cpu = ThreadClock.Seconds;
        long began = Stopwatch.GetTimestamp();
        long asked = 0;
        do
        {
            cancellation.ThrowIfCancellationRequested();
            for (int i = 0; i < CapCheck && reader.Count > 0; i++)
            {
                reader.Run((int)(asked++ % reader.Count));
            }
        }
        while (Stopwatch.GetElapsedTime(began) < longest);

        return asked / Math.Max(1e-9, ThreadClock.Seconds - cpu);
    }

    private static (string Digest, long Rows, double Allocated) RunWhole(
        EventStore store, QuerySection section, CancellationToken cancellation)
    {
        var reader = new Reader(store, section) { Results = { Digests = true } };
        long rows = 0;
        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < section.Count; i++)
        {
            reader.Run(i);
            rows += reader.Results.Count;
            if (i % CapCheck == 0)
            {
                cancellation.ThrowIfCancellationRequested();
            }
        }

        double allocated = (double)(GC.GetAllocatedBytesForCurrentThread() - before) / Math.Max(1, section.Count);
        return ($"{reader.Results.Digest.Value:x16}", rows, allocated);
    }

    private static void WarmUp(Reader reader, TimeSpan warmUp, CancellationToken cancellation)
    {
        long began = Stopwatch.GetTimestamp();
        for (int i = 0; reader.Count > 0 && Stopwatch.GetElapsedTime(began) < warmUp; i = (i + 1) % reader.Count)
        {
            cancellation.ThrowIfCancellationRequested();
            reader.Run(i);
        }
    }

    private static QueryPass RunTimed(
        EventStore store, QuerySection section, int threads, (TimeSpan Shortest, TimeSpan Longest) time,
        CancellationToken cancellation)
    {
        var latencies = new Latencies[threads];
        double[] perCpuSecond = new double[threads];
        long[] allocated = new long[threads];
        var workers = new Thread[threads];
        Exception? failure = null;
        using var ready = new Barrier(threads + 1);
        for (int t = 0; t < threads; t++)
        {
            int own = t;
            workers[t] = new Thread(() =>
            {
                try
                {
                    // By each thread itself: what it writes lies far from what the others write.
                    var reader = new Reader(store, section);
                    var times = new Latencies(MostLatencies, MostLatencies);
                    latencies[own] = times;
                    ready.SignalAndWait(cancellation);
                    (perCpuSecond[own], allocated[own]) = Work(reader, own, threads, time, times, cancellation);
                }
                catch (Exception e)
                {
                    // Handed to the thread that waits below.
                    Interlocked.CompareExchange(ref failure, e, null);
                    if (latencies[own] is null)
                    {
                        // It did not come as far as the others wait for.
                        ready.RemoveParticipant();
                    }
                }
            });
        }

        foreach (Thread worker in workers)
        {
            worker.Start();
        }

        ready.SignalAndWait(cancellation);
        long began = Stopwatch.GetTimestamp();
        foreach (Thread worker in workers)
        {
            worker.Join();
        }

        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (failure is not null)
        {
            throw new InvalidOperationException($"a reader of {section.Name} failed: {failure.Message}", failure);
        }

        for (int t = 1; t < threads; t++)
        {
            latencies[0].Add(latencies[t]);
        }

        return new QueryPass(
            threads,
            latencies[0].Count / seconds,
            perCpuSecond.Sum(),
            latencies[0].Microseconds(0.5),
            latencies[0].Microseconds(0.99),
            (double)allocated.Sum() / Math.Max(1, latencies[0].Count));
    }

    /// <summary>Asks the queries of one thread, from its first again when the shortest time has not gone by.</summary>
    private static (double PerCpuSecond, long Allocated) Work(
        Reader reader, int first, int step, (TimeSpan Shortest, TimeSpan Longest) time, Latencies latencies,
        CancellationToken cancellation)
    {
        double cpu = ThreadClock.Seconds;
        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long last = Stopwatch.GetTimestamp();
        long enough = last + (long)(time.Shortest.TotalSeconds * Stopwatch.Frequency);
        long end = last + (long)(time.Longest.TotalSeconds * Stopwatch.Frequency);
        for (int i = first; i < reader.Count; i = i + step < reader.Count || last > enough ? i + step : first)
        {
            reader.Run(i);
            long now = Stopwatch.GetTimestamp();
            latencies.Add(now - last);
            last = now;
            if (latencies.Count % CapCheck == 0 && (now > end || cancellation.IsCancellationRequested))
            {
                break;
            }
        }

        cancellation.ThrowIfCancellationRequested();
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        cpu = ThreadClock.Seconds - cpu;
        return (cpu > 0 ? latencies.Count / cpu : 0, allocated);
    }

    private sealed class Reader(EventStore store, QuerySection section)
    {
        private readonly Filter[] _filters = new Filter[1];

        public ResultBuffer Results { get; } = new();

        public int Count => section.Count;

        public void Run(int index)
        {
            Results.Clear();
            var sink = new ResultBuffer.Sink(Results);
            if (section.IsPoint)
            {
                store.TryGet(section.Id(index), ref sink);
                return;
            }

            _filters[0] = section.Filter(index);
            store.Query(_filters, ref sink);
        }
    }
}
