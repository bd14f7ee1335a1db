using System.Diagnostics;

namespace Mortise.Bench.Relay;

/// <summary>Publishes at a steady pace and looks when subscribers get it.</summary>
internal static class FanOut
{
    private static readonly TimeSpan s_length = TimeSpan.FromSeconds(6);

    public static async Task<(Result Ok, double P50, double P99)> RunAsync(
        Uri address, byte[][] messages, int subscribers, int perSecond)
    {
        var published = new System.Collections.Concurrent.ConcurrentDictionary<string, long>();
        var delays = new System.Collections.Concurrent.ConcurrentBag<double>();
        LoadClient[] readers = await Task.WhenAll(
            Enumerable.Range(0, subscribers).Select(_ => LoadClient.ConnectAsync(address)));
        foreach (LoadClient reader in readers)
        {
            await reader.SendAsync("[\"REQ\",\"s\",{\"limit\":0}]");
            await reader.ReceiveAsync();
            _ = Task.Run(async () =>
            {
                try
                {
                    while (true)
                    {
                        ReadOnlyMemory<byte> message = await reader.ReceiveAsync();
                        long now = Stopwatch.GetTimestamp();
                        if (published.TryGetValue(IdOf(message.Span, 18), out long at))
                        {
                            delays.Add(Stopwatch.GetElapsedTime(at, now).TotalMilliseconds);
                        }
                    }
                }
                catch (Exception e) when (e is System.Net.WebSockets.WebSocketException or InvalidOperationException
                    or ObjectDisposedException or OperationCanceledException)
                {
                    // The run is over.
                }
            });
        }

        const int Writers = 8;
        LoadClient[] writers = await Task.WhenAll(
            Enumerable.Range(0, Writers).Select(_ => LoadClient.ConnectAsync(address)));
        var answers = new List<double>[Writers];
        int accepted = 0;
        TimeSpan cpu = Process.GetCurrentProcess().TotalProcessorTime;
        long began = Stopwatch.GetTimestamp();
        await Task.WhenAll(writers.Select((writer, w) => Task.Run(async () =>
        {
            answers[w] = [];
            for (int i = w; i < messages.Length; i += Writers)
            {
                TimeSpan due = TimeSpan.FromSeconds((double)i / perSecond);
                if (due > s_length)
                {
                    return;
                }

                TimeSpan early = due - Stopwatch.GetElapsedTime(began);
                if (early > TimeSpan.Zero)
                {
                    await Task.Delay(early);
                }

                long sent = Stopwatch.GetTimestamp();
                published[IdOf(messages[i], 16)] = sent;
                await writer.SendAsync(messages[i]);
                ReadOnlyMemory<byte> ok = await writer.ReceiveAsync();
                answers[w].Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                accepted += ok.Span.IndexOf(",true,"u8) > 0 ? 1 : 0;
            }
        })));
        cpu = Process.GetCurrentProcess().TotalProcessorTime - cpu;
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        await Task.Delay(500);
        foreach (LoadClient client in (LoadClient[])[.. readers, .. writers])
        {
            client.Dispose();
        }

        double[] all = [.. answers.SelectMany(static a => a).Order()];
        double[] live = [.. delays.Order()];
        return (
            new Result(all.Length / seconds, all[all.Length / 2], all[all.Length * 99 / 100], accepted, cpu.TotalMicroseconds / all.Length),
            live[live.Length / 2],
            live[live.Length * 99 / 100]);
    }

    /// <summary>The id in a message, which begins <c>["EVENT",{"id":"</c> or with a subscription of one letter.</summary>
    private static string IdOf(ReadOnlySpan<byte> message, int about)
    {
        int at = message.IndexOf("\"id\":\""u8);
        return at < 0 || at > about + 8 ? "" : System.Text.Encoding.ASCII.GetString(message.Slice(at + 6, 64));
    }
}
