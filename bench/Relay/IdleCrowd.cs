using System.Diagnostics;
using System.Text;

namespace Mortise.Bench.Relay;

/// <summary>Thousands of connections that wait, each with a subscription, while events come in.</summary>
internal static class IdleCrowd
{
    private const int Authors = 50;
    private const int PerSecond = 1_000;
    private const int Seconds = 10;

    public static async Task RunAsync(RelayUnderTest relay, byte[][] messages, int connections, Action<string, string> show)
    {
        // Events of the busiest authors; each connection wants one of them, so that everybody has something to get.
        string[] authors = [.. messages.Select(AuthorOf).GroupBy(static a => a)
            .OrderByDescending(static g => g.Count()).Take(Authors).Select(static g => g.Key)];
        byte[][] wanted = [.. messages.Where(m => authors.Contains(AuthorOf(m))).Take(PerSecond * Seconds)];
        GC.Collect();
        long before = Process.GetCurrentProcess().WorkingSet64;
        var clients = new List<LoadClient>();
        for (int i = 0; i < connections; i++)
        {
            LoadClient client = await LoadClient.ConnectAsync(relay.Address);
            await client.SendAsync($$"""["REQ","s",{"authors":["{{authors[i % Authors]}}"],"limit":0}]""");
            await client.ReceiveAsync();
            clients.Add(client);
        }

        GC.Collect();
        long memory = Process.GetCurrentProcess().WorkingSet64 - before;
        show(
            $"{connections} idle connections, one subscription each",
            $"{memory / connections / 1024.0:0.0} KiB each, client and relay together");
        long received = 0;
        var byAuthor = wanted.Take(wanted.Length).GroupBy(AuthorOf).ToDictionary(static g => g.Key, static g => g.Count());
        foreach (LoadClient client in clients)
        {
            _ = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        await client.ReceiveAsync();
                        Interlocked.Increment(ref received);
                    }
                }
                catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or InvalidOperationException
                    or ObjectDisposedException or OperationCanceledException)
                {
                    // The run is over.
                }
            });
        }

        long sent = 0;
        using LoadClient writer = await LoadClient.ConnectAsync(relay.Address);
        var kept = new Dictionary<string, int>();
        var answers = Task.Run(async () =>
        {
            for (int i = 0; i < wanted.Length; i++)
            {
                ReadOnlyMemory<byte> ok = await writer.ReceiveAsync();
                if (ok.Span.IndexOf(",true,\"\""u8) > 0)
                {
                    string id = Encoding.ASCII.GetString(ok.Span.Slice(7, 64));
                    kept[id] = 1;
                }
            }
        });
        long began = Stopwatch.GetTimestamp();
        foreach (byte[] message in wanted)
        {
            TimeSpan early = TimeSpan.FromSeconds((double)sent / PerSecond) - Stopwatch.GetElapsedTime(began);
            if (early > TimeSpan.FromMilliseconds(2))
            {
                await Task.Delay(early);
            }

            await writer.SendAsync(message);
            sent++;
        }

        await answers;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        long expected = wanted.Where(m => kept.ContainsKey(IdOf(m)))
            .Sum(m => (long)(connections / Authors + (Array.IndexOf(authors, AuthorOf(m)) < connections % Authors ? 1 : 0)));
        for (int i = 0; i < 100 && Interlocked.Read(ref received) < expected; i++)
        {
            await Task.Delay(100);
        }

        show(
            $"{wanted.Length} events in at {wanted.Length / seconds:0} /s",
            $"{Interlocked.Read(ref received)} of {expected} deliveries");
        foreach (LoadClient client in clients)
        {
            client.Dispose();
        }
    }

    private static string AuthorOf(byte[] message)
    {
        int at = message.AsSpan().IndexOf("\"pubkey\":\""u8);
        return Encoding.ASCII.GetString(message, at + 10, 64);
    }

    private static string IdOf(byte[] message)
    {
        int at = message.AsSpan().IndexOf("\"id\":\""u8);
        return Encoding.ASCII.GetString(message, at + 6, 64);
    }
}
