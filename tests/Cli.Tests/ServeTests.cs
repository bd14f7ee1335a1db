using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>The relay as a process of its own.</summary>
public sealed class ServeTests
{
    [Fact]
    public async Task A_relay_that_is_terminated_under_load_has_everything_that_it_acknowledged()
    {
        using var folder = new TemporaryFolder();
        NostrEvent[] events = [.. SampleEvents.Generate(4_000, (ulong)Surroundings.Seed)
            .Where(e => e.Kind == 1 && !e.ToJson().Contains("\"expiration\"", StringComparison.Ordinal))];
        using var tool = ToolProcess.Start(
            "serve", "--urls", "http://127.0.0.1:0", "--data", folder.Data, "--set", "wal.syncMode=always",
            "--set", "relay.rates.eventsPerConnection=0", "--set", "relay.rates.eventsPerAddress=0",
            "--set", "relay.rates.eventsPerKey=0");
        string line = await tool.Output.ReadLineAsync() ?? throw new InvalidOperationException(await tool.Errors);
        var address = new Uri(line.Split(' ')[^1]);
        var acknowledged = new ConcurrentBag<string>();
        var enough = new TaskCompletionSource();
        Task[] clients = [.. Enumerable.Range(0, 3).Select(c => Task.Run(() => PublishAsync(
            address, [.. events.Where((_, i) => i % 3 == c)], acknowledged, () =>
            {
                if (acknowledged.Count > 100)
                {
                    enough.TrySetResult();
                }
            })))];
        await enough.Task;
        tool.Terminate();
        await Task.WhenAll(clients);
        Assert.Equal(0, await tool.EndAsync());
        Assert.InRange(acknowledged.Count, 100, events.Length);
        byte[] request = Encoding.UTF8.GetBytes(
            JsonSerializer.Serialize(new Dictionary<string, object> { ["ids"] = acknowledged.ToArray() }) + "\n");
        ToolRun found = (await ToolRun.OfAsync(request, "query", "-", "--ids", "--data", folder.Data)).Succeeded();
        Assert.Equal(
            acknowledged.Order(StringComparer.Ordinal),
            JsonSerializer.Deserialize<string[]>(found.Lines[0])!.Order(StringComparer.Ordinal));
        ToolRun log = (await ToolRun.OfAsync("wal", "verify", "--data", folder.Data)).Succeeded();
        Assert.Contains(log.Lines, l => l.Contains("closed in order: yes", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("--urls", "7777")]
    [InlineData("--urls", "https://127.0.0.1:7777")]
    [InlineData("--set", "relay.limits.maxFilters=0")]
    [InlineData("--set", "relay.limits.maxFliters=5")]
    [InlineData("--set", "relay.publicKey=npub1xyz")]
    public async Task Nonsense_is_refused_before_anything_listens(string option, string value)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync("serve", option, value, "--data", folder.Data);
        Assert.Equal(2, run.Exit);
    }

    /// <summary>Publishes with a few events in flight until the relay says goodbye.</summary>
    private static async Task PublishAsync(
        Uri address, NostrEvent[] events, ConcurrentBag<string> acknowledged, Action after)
    {
        using var socket = new ClientWebSocket();
        await socket.ConnectAsync(address, default);
        Task sending = Task.Run(async () =>
        {
            try
            {
                foreach (NostrEvent one in events)
                {
                    await socket.SendAsync(
                        Encoding.UTF8.GetBytes($"[\"EVENT\",{one.ToJson()}]"), WebSocketMessageType.Text, true, default);
                }
            }
            catch (Exception e) when (e is WebSocketException or OperationCanceledException or ObjectDisposedException)
            {
                // The relay is gone, which is the point.
            }
        });
        byte[] buffer = new byte[65_536];
        try
        {
            while (true)
            {
                WebSocketReceiveResult part = await socket.ReceiveAsync(buffer, default);
                if (part.MessageType == WebSocketMessageType.Close)
                {
                    break;
                }

                string text = Encoding.UTF8.GetString(buffer, 0, part.Count);
                if (text.StartsWith("[\"OK\"", StringComparison.Ordinal) && text.Contains(",true,", StringComparison.Ordinal))
                {
                    acknowledged.Add(text.Substring(7, 64));
                    after();
                }
            }
        }
        catch (WebSocketException)
        {
            // Dropped: what was acknowledged before counts all the same.
        }

        socket.Abort();
        await sending;
    }
}
