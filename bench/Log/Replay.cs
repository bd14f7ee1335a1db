using System.Diagnostics;
using Mortise.Engine;
using Mortise.Host.Files;
using Mortise.Logging;
using Mortise.Nostr;

namespace Mortise.Bench.Log;

/// <summary>How fast a store that was not closed opens, none of its commits being in a checkpoint.</summary>
internal static class Replay
{
    private const int BatchEvents = 500;
    private const int Rounds = 3;
    private const int Waiting = 512;

    private static readonly string[] s_noCheckpoint =
        ["wal.syncMode=never", "engine.checkpointBytes=1000GiB", "engine.checkpointInterval=7d"];

    public static async Task RunAsync(string folder, int events)
    {
        Console.WriteLine($"opening after the end of the process, {events:n0} events in the log and in no checkpoint");
        await RunAsync(folder, "one event a commit", events, batch: 1);
        await RunAsync(folder, $"{BatchEvents} events a commit", events, BatchEvents);
    }

    private static async Task RunAsync(string folder, string what, int events, int batch)
    {
        string original = Path.Combine(folder, "replay");
        string copy = Path.Combine(folder, "copy");
        EventStore store = await Stacks.OpenAsync(PosixDirectory.OpenRoot(original), s_noCheckpoint);
        long start = Stopwatch.GetTimestamp();
        await FillAsync(store, events, batch);
        Console.WriteLine($"   {what}, nine families: written in {Stopwatch.GetElapsedTime(start).TotalSeconds:n1} s");
        for (int round = 0; round < Rounds; round++)
        {
            // What the files hold now is what the end of the process would leave.
            Copy(original, copy);
            if (round == 0)
            {
                await ScanLogAsync(copy, store.GetStatistics().StoreId);
                Directory.Delete(copy, recursive: true);
                Copy(original, copy);
            }

            await OpenAsync(copy, events);
            Directory.Delete(copy, recursive: true);
        }

        await store.DisposeAsync();
        Directory.Delete(original, recursive: true);
    }

    private static async Task ScanLogAsync(string folder, Guid storeId)
    {
        PosixDirectory root = PosixDirectory.OpenRoot(folder);
        long start = Stopwatch.GetTimestamp();
        IWriteAheadLog log = await Stacks.OpenLogAsync(Stacks.Compose(root), root.OpenDirectory("wal"), storeId);
        double opening = Stopwatch.GetElapsedTime(start).TotalSeconds;
        var sink = new Counter();
        start = Stopwatch.GetTimestamp();
        log.Replay(log.FirstLsn, ref sink);
        double reading = Stopwatch.GetElapsedTime(start).TotalSeconds;
        Console.WriteLine(
            $"   the log alone: opened, the tail made anew, in {opening:n2} s; read at "
            + $"{sink.Records / reading:n0} records/s, {sink.Bytes / reading / 1e6:n0} MB/s");
        await log.DisposeAsync();
    }

    private static async Task OpenAsync(string folder, int events)
    {
        TimeSpan before = Environment.CpuUsage.TotalTime;
        EventStore store = await Stacks.OpenAsync(PosixDirectory.OpenRoot(folder), s_noCheckpoint);
        double processor = (Environment.CpuUsage.TotalTime - before).TotalSeconds;
        OpenReport report = store.OpenReport;
        double seconds = report.Duration.TotalSeconds;
        Console.WriteLine(
            $"   opened in {seconds:n2} s ({processor:n2} s of all processors): {report.ReplayedCommits:n0} commits, "
            + $"{events / seconds:n0} events/s ({events / processor:n0})");
        await store.DisposeAsync();
    }

    private static async Task FillAsync(EventStore store, int events, int batch)
    {
        var pending = new Queue<Task>();
        for (int i = 0; i < events; i += batch)
        {
            var some = new NostrEvent[Math.Min(batch, events - i)];
            for (int k = 0; k < some.Length; k++)
            {
                some[k] = Samples.Event(i + k);
            }

            pending.Enqueue(store.PutAsync(some).AsTask());
            if (pending.Count > Waiting)
            {
                await pending.Dequeue();
            }
        }

        await Task.WhenAll(pending);
    }

    private static void Copy(string from, string to)
    {
        Directory.CreateDirectory(to);
        foreach (string file in Directory.GetFiles(from).Where(static f => Path.GetFileName(f) != "lock"))
        {
            File.Copy(file, Path.Combine(to, Path.GetFileName(file)));
        }

        foreach (string inner in Directory.GetDirectories(from))
        {
            Copy(inner, Path.Combine(to, Path.GetFileName(inner)));
        }
    }

    private struct Counter : ILogSink
    {
        public long Records { get; private set; }

        public long Bytes { get; private set; }

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            Records++;
            Bytes += payload.Length;
            return true;
        }
    }
}
