using System.Diagnostics;

namespace Mortise.Bench.Relay;

/// <summary>Publishes as fast as the relay takes.</summary>
internal static class Ingest
{
    public static async Task<Result> RunAsync(Uri address, ReadOnlyMemory<byte[]> messages, int connections, int inFlight)
    {
        LoadClient[] clients = await Task.WhenAll(
            Enumerable.Range(0, connections).Select(_ => LoadClient.ConnectAsync(address)));
        int next = -1;
        int accepted = 0;
        var times = new List<double>[connections];
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(clients.Select((client, c) => Task.Run(async () =>
        {
            var sent = new Queue<long>();
            times[c] = [];
            bool isMore = true;
            while (isMore || sent.Count > 0)
            {
                while (isMore && sent.Count < inFlight)
                {
                    int at = Interlocked.Increment(ref next);
                    isMore = at < messages.Length;
                    if (isMore)
                    {
                        sent.Enqueue(Stopwatch.GetTimestamp());
                        await client.SendAsync(messages.Span[at]);
                    }
                }

                if (sent.Count > 0)
                {
                    ReadOnlyMemory<byte> ok = await client.ReceiveAsync();

                    // Answers of one connection may overtake each other a little; over many it evens out.
                    times[c].Add(Stopwatch.GetElapsedTime(sent.Dequeue()).TotalMilliseconds);
                    if (ok.Span.IndexOf(",true,"u8) > 0)
                    {
                        Interlocked.Increment(ref accepted);
                    }
                }
            }
        })));
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        foreach (LoadClient client in clients)
        {
            client.Dispose();
        }

        double[] all = [.. times.SelectMany(static t => t).Order()];
        return new Result(
            messages.Length / seconds,
            all[all.Length / 2],
            all[all.Length * 99 / 100],
            accepted,
            cpu.TotalMicroseconds / messages.Length);
    }
}
