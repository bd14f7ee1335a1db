using System.Diagnostics;
using System.Runtime.InteropServices;
using Mortise.BTreeIndex;

namespace Mortise.Bench.Index;

/// <summary>Measures the B+tree index beside LMDB and RocksDB, on the same entries in the same process.</summary>
/// <remarks>
/// <c>dotnet run -c Release --project bench/Index -- [--random-only] [--memory=MiB] [--reads=PREFIX]
/// [entries] [directory] [shape] [subject...]</c>; by default 1,000,000 entries of shape <c>random</c> below the system's temporary directory, all subjects, built from
/// sorted and from random batches; the memory for writes is RocksDB's 64 MiB unless said otherwise. A subject whose library is not
/// installed is skipped with a message. Figures per second of wall clock and, in brackets, of processor time of all
/// threads: on a machine that does other things too, only the second can be compared.
/// </remarks>
internal static class Program
{
    private const int BatchEntries = 1000;
    private const int Lookups = 1_000_000;
    private const int ScanLength = 1000;

    private static int Main(string[] args)
    {
        string memory = args.FirstOrDefault(static a => a.StartsWith("--memory=", StringComparison.Ordinal)) ?? "--memory=64";
        s_memory = ByteSize.MiB(int.Parse(memory[(memory.IndexOf('=', StringComparison.Ordinal) + 1)..]));
        s_reads = args.FirstOrDefault(static a => a.StartsWith("--reads=", StringComparison.Ordinal))?["--reads=".Length..] ?? "";
        bool[] builds = args.Contains("--random-only") ? [false] : [true, false];
        args = [.. args.Where(static a => !a.StartsWith("--", StringComparison.Ordinal))];
        int count = args.Length > 0 ? int.Parse(args[0]) : 1_000_000;
        string root = Path.Combine(args.Length > 1 ? args[1] : Path.GetTempPath(), $"mortise-bench-{Environment.ProcessId}");
        string shape = args.Length > 2 ? args[2] : "random";
        string[] subjects = args.Length > 3 ? args[3..] : ["mortise", "mortise-small-cache", "lmdb", "rocksdb"];
        Console.WriteLine($"{count:N0} entries of {Workload.KeyBytes} + {Workload.ValueBytes} bytes, shape {shape}");
        Workload work = new(count, shape);
        foreach (string subject in subjects)
        {
            WarmUp(subject, work, Path.Combine(root, $"{subject}-warm"));
            foreach (bool isSorted in builds)
            {
                string path = Path.Combine(root, $"{subject}-{isSorted}");
                Directory.CreateDirectory(path);
                try
                {
                    using ISubject? opened = Open(subject, work, path);
                    if (opened is null)
                    {
                        break;
                    }

                    Measure(opened, subject, work, isSorted);
                }
                finally
                {
                    Directory.Delete(path, recursive: true);
                }
            }
        }

        if (Directory.Exists(root))
        {
            Directory.Delete(root, recursive: true);
        }

        return 0;
    }

    private static ISubject? Open(string subject, Workload work, string path)
    {
        switch (subject)
        {
            case "mortise":
                return new MortiseSubject(work, path, new BTreeIndexOptions { CacheSize = ByteSize.MiB(2048), MemoryBudget = s_memory });
            case "mortise-small-cache":
                return new MortiseSubject(
                    work, path, new BTreeIndexOptions { CacheSize = new ByteSize(work.Count * 5L), MemoryBudget = s_memory });
            case "lmdb":
                return Exists(Lmdb.Library) ? new LmdbSubject(work, path) : null;
            case "rocksdb":
                return Exists(RocksDb.Library) ? new RocksDbSubject(work, path) : null;
            default:
                throw new ArgumentException($"no subject is called {subject}");
        }
    }

    /// <summary>Code that was compiled for the first build only would be measured half compiled.</summary>
    private static void WarmUp(string name, Workload work, string path)
    {
        Directory.CreateDirectory(path);
        using (ISubject? subject = Open(name, work, path))
        {
            if (subject is not null)
            {
                int[] order = Order(work, isSorted: false);
                for (int round = 0; round < 2; round++)
                {
                    WriteAll(subject, order.AsSpan(0, Math.Min(order.Length, 500_000)));
                    subject.Settle();
                }
            }
        }

        Directory.Delete(path, recursive: true);
    }

    private static bool Exists(string library)
    {
        if (NativeLibrary.TryLoad(library, out _))
        {
            return true;
        }

        Console.WriteLine($"{library} is not installed: skipped");
        return false;
    }

    private static void Measure(ISubject subject, string name, Workload work, bool isSorted)
    {
        Console.WriteLine($"-- {name}, {(isSorted ? "sorted" : "random")} batches of {BatchEntries}");
        int[] order = Order(work, isSorted);
        using (new Timing("build and settle", work.Count))
        {
            using (new Timing("build", work.Count))
            {
                WriteAll(subject, order);
            }

            Describe(subject, work);
            subject.Settle();
            subject.Sync();
        }

        Describe(subject, work);
        if (isSorted)
        {
            return;
        }

        ReadAll(subject, work);

        // Room is given back in the background, when there is nothing to merge.
        Describe(subject, work);
        if (!subject.CanPack)
        {
            return;
        }

        using (new Timing("pack", work.Count))
        {
            subject.Pack();
        }

        Describe(subject, work);
        ReadAll(subject, work);
    }

    private static void ReadAll(ISubject subject, Workload work)
    {
        for (int threads = 1; threads <= 2; threads++)
        {
            Read("hits", threads, Lookups, work, subject, (reader, random, key, value) =>
                reader.TryGet(work.Key(random.Next(work.Count)), value) ? 1 : throw new InvalidOperationException("lost"));
            Read("misses", threads, Lookups, work, subject, (reader, random, key, value) =>
            {
                work.AbsentKey(random.Next(work.Count), key);
                return reader.TryGet(key, value) ? throw new InvalidOperationException("phantom") : 1;
            });
            Read($"scan {ScanLength}", threads, 5_000_000, work, subject, (reader, random, key, value) =>
            {
                s_sum += reader.Scan(work.Key(random.Next(work.Count)), ScanLength);
                return ScanLength;
            });
            Read("scan 20", threads, 2_000_000, work, subject, (reader, random, key, value) =>
            {
                s_sum += reader.Scan(work.Key(random.Next(work.Count)), 20);
                return 20;
            });
        }
    }

    private static readonly TimeSpan s_warmUp = TimeSpan.FromSeconds(0.7);
    private static long s_sum;
    private static ByteSize s_memory;
    private static string s_reads = "";

    /// <summary>Positions in sorted order, or in the order of arrival with each batch sorted, as the engine hands them
    /// over.</summary>
    private static int[] Order(Workload work, bool isSorted)
    {
        if (isSorted)
        {
            return work.Sorted;
        }

        int[] rank = new int[work.Count];
        for (int i = 0; i < rank.Length; i++)
        {
            rank[work.Sorted[i]] = i;
        }

        // Keys are in memory as they arrive: making a batch is not what is measured.
        int[] order = [.. Enumerable.Range(0, work.Count)];
        for (int i = 0; i < order.Length; i += BatchEntries)
        {
            order.AsSpan(i, Math.Min(BatchEntries, order.Length - i)).Sort((a, b) => rank[a].CompareTo(rank[b]));
        }

        return order;
    }

    private static void WriteAll(ISubject subject, ReadOnlySpan<int> order)
    {
        for (int i = 0; i < order.Length; i += BatchEntries)
        {
            subject.Write(order.Slice(i, Math.Min(BatchEntries, order.Length - i)));
        }

        subject.Sync();
    }

    private delegate int ReadOnce(IReader reader, Random random, byte[] key, byte[] value);

    private static void Read(string name, int threads, int operations, Workload work, ISubject subject, ReadOnce once)
    {
        if (!name.StartsWith(s_reads, StringComparison.Ordinal))
        {
            return;
        }

        // Long enough for the last tier of compilation to be what is measured.
        for (long start = Stopwatch.GetTimestamp(); Stopwatch.GetElapsedTime(start) < s_warmUp;)
        {
            Run(operations / 10, seed: 100);
        }

        using (new Timing($"{name}, {threads} thread(s)", (long)operations * threads))
        {
            Run(operations, seed: 1);
        }

        void Run(int count, int seed)
        {
            Thread[] all = new Thread[threads];
            for (int t = 0; t < threads; t++)
            {
                int own = seed + t;
                all[t] = new Thread(() =>
                {
                    using IReader reader = subject.OpenReader();
                    Random random = new(own);
                    byte[] key = new byte[Workload.KeyBytes];
                    byte[] value = new byte[Workload.ValueBytes];
                    for (int done = 0; done < count;)
                    {
                        done += once(reader, random, key, value);
                    }
                });
                all[t].Start();
            }

            foreach (Thread thread in all)
            {
                thread.Join();
            }
        }
    }

    private static void Describe(ISubject subject, Workload work)
    {
        string detail = subject is MortiseSubject own
            ? $", length {own.FileBytes / (double)work.Count:F1}, in use {own.UsedBytes / (double)work.Count:F1}; {own.Detail}"
            : "";
        Console.WriteLine($"   bytes per entry on disk {subject.DiskBytes / (double)work.Count:F1}{detail}");
    }

    private sealed class Timing(string name, long operations) : IDisposable
    {
        private readonly long _start = Stopwatch.GetTimestamp();
        private readonly TimeSpan _processor = Process.GetCurrentProcess().TotalProcessorTime;

        public void Dispose()
        {
            double wall = Stopwatch.GetElapsedTime(_start).TotalSeconds;
            double processor = (Process.GetCurrentProcess().TotalProcessorTime - _processor).TotalSeconds;
            Console.WriteLine(
                $"   {name,-24} {operations / wall,14:N0}/s ({operations / processor,12:N0}/s of processor), {wall:F2} s");
        }
    }
}
