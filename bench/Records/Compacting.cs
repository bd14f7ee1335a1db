using System.Buffers.Binary;
using System.Diagnostics;
using Mortise.Bench.Log;
using Mortise.Engine;
using Mortise.Host.Files;
using Mortise.Nostr;
using Mortise.Records;

namespace Mortise.Bench.Records;

/// <summary>What compaction of a store of events costs those who read and write meanwhile, and what it gives back.</summary>
/// <remarks>
/// <c>dotnet run -c Release --project bench/Records -- compact [MiB] [directory] [MiB a second]</c>; by default 256 MiB of events of
/// about 1 KiB, of which a random half is deleted, and no limit to what is moved a second. One reader asks for a random event
/// by id, one writer puts an event, each at its own steady pace, before, during and after. Every read is checked.
/// </remarks>
internal static class Compacting
{
    private const int ContentBytes = 850;
    private const int Batch = 500;
    private const int InFlight = 512;
    private static int s_made = 1_000_000_000;
    private static readonly TimeSpan s_quiet = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan s_readEvery = TimeSpan.FromMilliseconds(1);
    private static readonly TimeSpan s_writeEvery = TimeSpan.FromMilliseconds(5);

    public static async Task RunAsync(string[] args)
    {
        long bytes = (args.Length > 0 ? long.Parse(args[0]) : 256) << 20;
        string root = Path.Combine(args.Length > 1 ? args[1] : Path.GetTempPath(), $"mortise-bench-{Environment.ProcessId}");
        var options = new CompactionOptions
        {
            BytesPerSecond = args.Length > 2 ? ByteSize.MiB(int.Parse(args[2])) : default,
        };
        try
        {
            EventStore store = await Stacks.OpenAsync(PosixDirectory.OpenRoot(root), "records.segmentSize=16MiB");
            List<NostrEvent> live = await FillAsync(store, (int)(bytes / (ContentBytes + 200)));
            await store.CheckpointAsync();
            Print("filled, a random half deleted", store);

            // Once for the compiler.
            await ServeAsync(store, live, "warming up", Task.Delay(s_quiet / 2));
            await ServeAsync(store, live, "before", Task.Delay(s_quiet));
            Task<CompactionReport> compacting = Task.Run(() => store.Engine.CompactAsync(options).AsTask());
            long start = Stopwatch.GetTimestamp();
            await ServeAsync(store, live, "during", compacting);
            double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
            CompactionReport report = await compacting;
            await ServeAsync(store, live, "after", Task.Delay(s_quiet));
            Console.WriteLine(
                $"compacted {report.Segments.Count} segments in {seconds:n1} s: moved {report.MovedRecords:n0} records, "
                + $"{report.MovedBytes >> 20} MiB, {report.MovedBytes / seconds / (1 << 20):n0} MiB/s");
            Print("compacted", store);
            await store.DisposeAsync();
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    private static void Print(string what, EventStore store)
    {
        RecordStoreStatistics records = store.GetStatistics().Records;
        Console.WriteLine(
            $"{what}: {records.LiveRecords:n0} live records of {records.LiveBytes >> 20} MiB, {records.DeadRecords:n0} dead, "
            + $"{records.DiskBytes >> 20} MiB on disk: {(double)records.DiskBytes / records.LiveBytes:n3} of the live bytes");
    }

    private static async Task<List<NostrEvent>> FillAsync(EventStore store, int count)
    {
        var random = new Random(1);
        var live = new List<NostrEvent>();
        var dead = new List<NostrEvent>();
        for (int i = 0; i < count; i += Batch)
        {
            NostrEvent[] some = [.. Enumerable.Range(i, Batch).Select(number => Make(number, random))];
            foreach (NostrEvent one in some)
            {
                (random.Next(2) == 0 ? live : dead).Add(one);
            }

            await store.PutAsync(some);
        }

        var pending = new Queue<Task>();
        foreach (NostrEvent one in dead)
        {
            pending.Enqueue(store.DeleteAsync(Convert.FromHexString(one.Id)).AsTask());
            if (pending.Count > InFlight)
            {
                await pending.Dequeue();
            }
        }

        await Task.WhenAll(pending);
        return live;
    }

    private static async Task ServeAsync(EventStore store, List<NostrEvent> live, string when, Task until)
    {
        var reads = new List<double>();
        var writes = new List<double>();
        long failedReads = 0;
        long failedWrites = 0;
        int collections = GC.CollectionCount(0);
        TimeSpan paused = GC.GetTotalPauseDuration();
        Task reader = Task.Factory.StartNew(
            () => Paced(s_readEvery, until, reads, Read), TaskCreationOptions.LongRunning);
        Task writer = Task.Factory.StartNew(
            () => Paced(s_writeEvery, until, writes, Write), TaskCreationOptions.LongRunning);
        await Task.WhenAll(reader, writer);
        Report(when, "reads", reads);
        Report(when, "writes", writes);
        Console.WriteLine(
            $"{when}: failed reads: {failedReads}, failed writes: {failedWrites}; garbage collections: "
            + $"{GC.CollectionCount(0) - collections}, {(GC.GetTotalPauseDuration() - paused).TotalMilliseconds:n1} ms in all");

        void Read(Random random)
        {
            NostrEvent expected = live[random.Next(live.Count)];
            NostrEvent? found = store.Get(Convert.FromHexString(expected.Id));
            failedReads += found is not null && found.Record.Span.SequenceEqual(expected.Record.Span) ? 0 : 1;
        }

        void Write(Random random)
        {
            ValueTask<PutResult> put = store.PutAsync(Make(Interlocked.Increment(ref s_made), random));
            PutResult result = put.IsCompletedSuccessfully ? put.Result : put.AsTask().GetAwaiter().GetResult();
            failedWrites += result.Outcome == PutOutcome.Stored ? 0 : 1;
        }
    }

    /// <summary>Acts at a steady pace. What takes longer than the pace counts for all that should have begun
    /// meanwhile.</summary>
    private static void Paced(TimeSpan every, Task until, List<double> milliseconds, Action<Random> act)
    {
        var random = new Random(2);
        using var never = new ManualResetEvent(initialState: false);
        while (!until.IsCompleted)
        {
            never.WaitOne(every);
            long began = Stopwatch.GetTimestamp();
            act(random);
            TimeSpan took = Stopwatch.GetElapsedTime(began);
            for (; took > TimeSpan.Zero; took -= every)
            {
                milliseconds.Add(took.TotalMilliseconds);
            }
        }
    }

    private static void Report(string when, string what, List<double> milliseconds)
    {
        milliseconds.Sort();
        Console.WriteLine(
            $"{when}: {milliseconds.Count,7:n0} {what,-6}  p50 {At(0.5),7:n3} ms   p90 {At(0.9),7:n3}   p99 {At(0.99),7:n3}   "
            + $"p99.9 {At(0.999),7:n3}   max {milliseconds[^1],7:n1}");

        double At(double share) => milliseconds[(int)(share * (milliseconds.Count - 1))];
    }

    private static NostrEvent Make(int number, Random random)
    {
        Span<byte> author = stackalloc byte[32];
        BinaryPrimitives.WriteInt32BigEndian(author, unchecked(number % 1000 * -1640531527));
        author[31] = 1;
        byte[] noise = new byte[ContentBytes * 3 / 4];
        random.NextBytes(noise);
        return NostrEvent.CreateUnsigned(author, 1_700_000_000 + (number % 100_000_000), 1, $"{number} {Convert.ToBase64String(noise)}");
    }
}
