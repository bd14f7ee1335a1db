using System.Collections.Concurrent;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>The relay as a process of its own.</summary>
public sealed class ServeTests
{
    /// <summary>An address that no machine has (RFC 5737).</summary>
    private const string Elsewhere = "http://192.0.2.1:7777";

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

    [Theory]
    [InlineData("nostr.relayUrls", "[relay.example]")]
    [InlineData("relay.shutdownTimeout", "400d")]
    [InlineData("relay.admission.program", "/no/such/program")]
    [InlineData("relay.admission.programTimeout", "400d")]
    [InlineData("relay.limits.queryTime", "400d")]
    [InlineData("relay.limits.pingInterval", "400d")]
    [InlineData("relay.limits.maxFilterTags", "-1")]
    [InlineData("relay.limits.maxSearchLength", "-1")]
    [InlineData("relay.limits.maxEventTags", "-1")]
    [InlineData("relay.limits.maxContentLength", "-1")]
    [InlineData("relay.limits.maxTagValueBytes", "0B")]
    [InlineData("relay.limits.maxTotalOutgoingBytes", "0B")]
    [InlineData("relay.limits.maxNegentropySessions", "-1")]
    public async Task A_value_that_no_relay_can_follow_is_refused_by_its_key(string key, string value)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync(
            "serve", "--urls", "http://127.0.0.1:0", "--set", $"{key}={value}", "--data", folder.Data)
            .WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(2, run.Exit);
        Assert.Contains(key, run.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Elsewhere)]
    [InlineData("http://localhost:0")]
    public async Task An_address_that_cannot_be_listened_on_is_no_defect(string url)
    {
        using var folder = new TemporaryFolder();
        ToolRun run = await ToolRun.OfAsync("serve", "--urls", url, "--data", folder.Data)
            .WaitAsync(TimeSpan.FromMinutes(2));
        Assert.Equal(1, run.Exit);
        Assert.Contains($"cannot listen on {url}", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [StraceFact]
    public async Task The_relay_starts_under_the_filter_of_the_service_that_is_delivered()
    {
        // What systemd counts as @resources, and can be injected here.
        string[] resources =
        [
            "ioprio_set", "mbind", "migrate_pages", "move_pages", "sched_setaffinity", "sched_setattr", "sched_setparam",
            "sched_setscheduler", "set_mempolicy", "setpriority", "setrlimit",
        ];
        string[] filters = [.. (await File.ReadAllLinesAsync(Path.Combine(Surroundings.Root, "deploy", "mortise.service")))
            .Where(static l => l.StartsWith("SystemCallFilter=", StringComparison.Ordinal))
            .Select(static l => l.Split('=')[1])];
        Assert.Contains("@resources", filters.Single(static f => f.StartsWith('~')), StringComparison.Ordinal);
        string[] refused = [.. resources.Except(filters.Where(static f => f[0] is not ('~' or '@')).SelectMany(static f => f.Split(' ')))];
        using var folder = new TemporaryFolder();
        using var tool = ToolProcess.StartUnder(
            ["strace", "-f", "-qq", "-o", "/dev/null", "-e", $"inject={string.Join(',', refused)}:error=EPERM"],
            "serve", "--urls", Elsewhere, "--data", folder.Data);

        // So far that all is there but an address: a relay that serves would outlive its tracer.
        await tool.EndAsync();
        Assert.Contains($"cannot listen on {Elsewhere}", await tool.Errors, StringComparison.Ordinal);
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
