using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Runtime.InteropServices;
using Mortise.Components;
using Mortise.Files;
using Mortise.Host.Files;
using Mortise.Host.Running;
using Mortise.Records;
using Mortise.Segments;

namespace Mortise.Bench.Records;

/// <summary>Measures the record store beside what the device and the memory give, in the same process.</summary>
/// <remarks>
/// <c>dotnet run -c Release --project bench/Records -- [MiB] [directory]</c>; by default 512 MiB of records of 400 bytes in
/// batches of 1,000. With <c>compact</c> in front of the arguments: see <see cref="Compacting"/>. Raw writes and appends
/// alternate, so that both see the same machine, after a round of both that counts for nothing. GB/s of wall clock and, in
/// brackets, of processor time of all threads. Both sides tell the system to begin writing to the device as they go.
/// Appends and raw writes are also compared by the processor time of their busiest thread: what the wall clock comes to when
/// there is a processor for each.
/// </remarks>
internal static partial class Program
{
    private const int ThreadCpuTime = 3;

    private const int BodyBytes = 400;
    private const int BatchRecords = 1000;
    private const int Rounds = 7;

    private static async Task Main(string[] args)
    {
        if (args.Length > 0 && args[0] == "compact")
        {
            await Compacting.RunAsync(args[1..]);
            return;
        }

        long bytes = (args.Length > 0 ? long.Parse(args[0]) : 512) << 20;
        string root = Path.Combine(args.Length > 1 ? args[1] : Path.GetTempPath(), $"mortise-bench-{Environment.ProcessId}");
        try
        {
            var directory = PosixDirectory.OpenRoot(root);
            await WarmUpAsync(directory);
            List<double> ratios = [];
            List<double> bounds = [];
            for (int round = 0; round < Rounds; round++)
            {
                using IStorageFile file = directory.Open($"raw{round}", FileIntent.CreateNew);
                double rawThread = ThreadSeconds();
                double written = Report("raw write, 1 MiB chunks", bytes, () => WriteRaw(file, bytes));
                rawThread = ThreadSeconds() - rawThread;
                double synced = Report("   its sync", bytes, () => file.Sync(SyncKind.Data));
                directory.Delete($"raw{round}");
                IRecordStore store = await OpenAsync(directory, $"store{round}");
                double appendThread = ThreadSeconds();
                double allThreads = Environment.CpuUsage.TotalTime.TotalSeconds;
                double appended = Report("append", bytes, () => Append(store, bytes));
                appendThread = ThreadSeconds() - appendThread;
                allThreads = Environment.CpuUsage.TotalTime.TotalSeconds - allThreads;
                double durable = Report("   its checkpoint", bytes, () => Wait(store.CheckpointAsync()));
                ratios.Add((written + synced) / (appended + durable));
                Console.WriteLine(
                    $"   append / raw by wall clock: {written / appended:p0}, both made durable: {ratios[^1]:p0}");
                double busiest = Math.Max(appendThread, allThreads - appendThread);
                bounds.Add(rawThread / busiest);
                Console.WriteLine(
                    $"   ns a byte: raw {rawThread / bytes * 1e9:n3}, appending thread {appendThread / bytes * 1e9:n3}, others "
                    + $"{(allThreads - appendThread) / bytes * 1e9:n3}; append / raw by the busiest: {bounds[^1]:p0}");
                RecordStoreStatistics statistics = store.Statistics;
                Console.WriteLine(
                    $"   disk / body bytes: {(double)statistics.DiskBytes / statistics.LiveBytes:n3}, "
                    + $"{statistics.Segments} segments");
                await store.DisposeAsync();
                if (round == Rounds - 1)
                {
                    await ReadAsync(directory, $"store{round}", bytes);
                }
                else
                {
                    directory.DeleteDirectory($"store{round}");
                }
            }

            ratios.Sort();
            bounds.Sort();
            Console.WriteLine(
                $"median append / raw, both made durable: {ratios[Rounds / 2]:p0}; by the busiest thread: {bounds[Rounds / 2]:p0}");
        }
        finally
        {
            Directory.Delete(root, recursive: true);
        }
    }

    /// <summary>What is measured is compiled before.</summary>
    private static async Task WarmUpAsync(PosixDirectory directory)
    {
        const long bytes = 128L << 20;
        using (IStorageFile file = directory.Open("warm", FileIntent.CreateNew))
        {
            WriteRaw(file, bytes);
        }

        directory.Delete("warm");
        IRecordStore store = await OpenAsync(directory, "warm-store");
        Append(store, bytes);
        await store.CheckpointAsync();
        await store.DisposeAsync();
        directory.DeleteDirectory("warm-store");
    }

    private static unsafe double ThreadSeconds()
    {
        long* time = stackalloc long[2];
        return GetTime(ThreadCpuTime, time) == 0 ? time[0] + (time[1] / 1e9) : throw new InvalidOperationException("no clock");
    }

    [LibraryImport("libc", EntryPoint = "clock_gettime")]
    private static unsafe partial int GetTime(int clock, long* time);

    private static async Task ReadAsync(PosixDirectory directory, string name, long bytes)
    {
        long start = Stopwatch.GetTimestamp();
        IRecordStore store = await OpenAsync(directory, name);
        Console.WriteLine($"open: {Stopwatch.GetElapsedTime(start).TotalMilliseconds:n1} ms");
        byte[] from = new byte[64 << 20];
        byte[] to = new byte[64 << 20];
        Report("memory copy", from.Length * 8L, () =>
        {
            for (int i = 0; i < 8; i++)
            {
                from.CopyTo(to.AsSpan());
            }
        });
        var locations = new List<RecordLocation>();
        for (int i = 0; i < 2; i++)
        {
            foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
            {
                var sink = new Counter { Locations = i == 0 && direction == ScanDirection.Forward ? locations : null };
                Report($"scan {direction}", bytes, () => store.Scan(direction, ref sink));
            }
        }

        RecordLocation[] random = [.. locations];
        new Random(1).Shuffle(random);
        random = random[..Math.Min(random.Length, 500_000)];
        ReportEach("random read", random.Length, () =>
        {
            foreach (RecordLocation location in random)
            {
                using RecordLease lease = store.Read(location);
            }
        });
        ReportEach("read many, 100 random at once", random.Length, () => ReadMany(store, random));
        Array.Sort(random);
        ReportEach("read many, 100 sorted at once", random.Length, () => ReadMany(store, random));
        await store.DisposeAsync();
    }

    private static void ReadMany(IRecordStore store, RecordLocation[] locations)
    {
        var sink = new Counter();
        for (int at = 0; at + 100 <= locations.Length; at += 100)
        {
            store.ReadMany(locations.AsSpan(at, 100), ref sink);
        }
    }

    private static void WriteRaw(IStorageFile file, long bytes)
    {
        byte[] chunk = new byte[1 << 20];
        new Random(1).NextBytes(chunk);
        for (long at = 0; at < bytes; at += chunk.Length)
        {
            file.Write(chunk, at);

            // As the store does.
            file.BeginWriteback(at, chunk.Length);
        }
    }

    private static void Wait(ValueTask task) => task.AsTask().GetAwaiter().GetResult();

    private static void Append(IRecordStore store, long bytes)
    {
        int[] lengths = new int[BatchRecords];
        lengths.AsSpan().Fill(BodyBytes);
        byte[] arena = new byte[BatchRecords * BodyBytes];
        new Random(2).NextBytes(arena);
        var locations = new RecordLocation[BatchRecords];
        var mutations = new RecordMutation[BatchRecords];
        Lsn lsn = store.AppliedLsn;
        for (long written = 0; written < bytes; written += arena.Length)
        {
            store.Plan(lengths, locations);
            for (int i = 0; i < mutations.Length; i++)
            {
                mutations[i] = new RecordMutation(RecordOperation.Put, locations[i], i * BodyBytes, BodyBytes);
            }

            lsn = lsn.Next;
            store.Apply(new RecordBatch(lsn, arena, mutations));
        }
    }

    /// <returns>Seconds of wall clock.</returns>
    private static double Report(string what, long bytes, Action work)
    {
        (double wall, double processor) = Measure(work);
        Console.WriteLine($"{what}: {bytes / wall / 1e9:n2} GB/s ({bytes / processor / 1e9:n2})");
        return wall;
    }

    private static void ReportEach(string what, int count, Action work)
    {
        (double wall, double processor) = Measure(work);
        Console.WriteLine($"{what}: {wall / count * 1e9:n0} ns ({processor / count * 1e9:n0})");
    }

    private static (double Wall, double Processor) Measure(Action work)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        long start = Stopwatch.GetTimestamp();
        work();
        double wall = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return (wall, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
    }

    private static ValueTask<IRecordStore> OpenAsync(PosixDirectory root, string name)
    {
        var registrar = new CapturingRegistrar();
        new SegmentsPlugin().Register(registrar);
        var context = new ComponentContext
        {
            InstanceName = name,
            StoreId = new Guid("00112233-4455-6677-8899-aabbccddeeff"),
            Files = root.OpenDirectory(name),
            Time = TimeProvider.System,
            Background = new HostBackground(NullLog.Instance),
            Seed = 1,
            Log = NullLog.Instance,
            Meter = new Meter("bench"),
        };
        return registrar.Open!(context, _ => { });
    }

    private struct Counter : IRecordSink
    {
        public List<RecordLocation>? Locations { get; init; }

        public long Bytes { get; private set; }

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            Bytes += record.Length;
            Locations?.Add(location);
            return true;
        }
    }
}
