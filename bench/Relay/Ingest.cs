using System.Diagnostics;

namespace Mortise.Bench.Relay;

/// <summary>Publishes as fast as the relay takes.</summary>
internal static class Ingest
{
    public static async Task<Result> RunAsync(Uri address, ReadOnlyMemory<byte[]> messages, int connections, int inFlight)
    {
        Publisher[] publishers = await Task.WhenAll(
            Enumerable.Range(0, connections).Select(_ => Publisher.ConnectAsync(address)));
        (ulong, byte[])[] frames = new (ulong, byte[])[messages.Length];
        for (int i = 0; i < frames.Length; i++)
        {
            ReadOnlySpan<byte> message = messages.Span[i];
            frames[i] = (Publisher.Key(message[(message.IndexOf("\"id\":\""u8) + 6)..]), Publisher.Frame(message));
        }

        int next = -1;
        (ulong, byte[])? Take()
        {
            int at = Interlocked.Increment(ref next);
            return at < frames.Length ? frames[at] : null;
        }

        double? compiler = CompilerClock.Microseconds;
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(publishers.Select(p => Task.Run(() => p.RunAsync(Take, inFlight))));
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        compiler = CompilerClock.Microseconds - compiler;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        double[] all = [.. publishers.SelectMany(static p => p.Times).Order()];
        int accepted = publishers.Sum(static p => p.Accepted);
        foreach (Publisher publisher in publishers)
        {
            publisher.Dispose();
        }

        return new Result(
            messages.Length / seconds,
            all[all.Length / 2],
            all[all.Length * 99 / 100],
            accepted,
            cpu.TotalMicroseconds / messages.Length,
            compiler / messages.Length);
    }
}
