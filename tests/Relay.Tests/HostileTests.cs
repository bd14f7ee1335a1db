using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Mortise.Nostr;
using Xunit.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>Whatever comes in: a refusal that says so, and the relay goes on for everybody else.</summary>
public sealed class HostileTests(ITestOutputHelper output)
{
    private const string Id = "0000000000000000000000000000000000000000000000000000000000000001";

    [Fact]
    public async Task Every_message_of_the_list_is_refused_or_ignored_and_none_is_the_relays_end()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxBadMessages = 10_000));
        await using TestClient client = await relay.ConnectAsync();
        NostrEvent valid = Authors.Note(Authors.Alice, "valid");
        (string What, byte[] Message, string Expected)[] cases = [.. HostileMessages.All(valid)];
        Assert.True(cases.Length >= 150, $"{cases.Length} cases");
        var wrong = new List<string>();
        foreach ((string what, byte[] message, string expected) in cases)
        {
            await client.SendAsync(message);
            var answers = new List<JsonArray>();
            if (expected.StartsWith("OK", StringComparison.Ordinal))
            {
                // Events are checked aside, so the answer to one may come after that to a later request.
                answers.Add(await client.ReceiveAsync());
            }

            await client.SendAsync("[\"COUNT\",\"behind\",{\"limit\":0}]");
            while (true)
            {
                JsonArray answer = await client.ReceiveAsync();
                if (answer.ToJsonString() == "[\"COUNT\",\"behind\",{\"count\":0}]")
                {
                    break;
                }

                answers.Add(answer);
            }

            string said = string.Join(' ', answers.Select(a => (string?)a[0] == "OK"
                ? $"OK {(bool)a[2]!}"
                : (string?)a[0]));
            if (said != expected)
            {
                wrong.Add($"{what}: {said}, expected {expected}: {string.Join(' ', answers.Select(a => a.ToJsonString()))}");
            }

            wrong.AddRange(
                from answer in answers
                let text = (string?)answer[0] switch
                {
                    "OK" when !(bool)answer[2]! => (string)answer[3]!,
                    "NOTICE" => (string)answer[1]!,
                    "CLOSED" or "NEG-ERR" => (string)answer[2]!,
                    _ => "none: needed",
                }
                where !text.Contains(": ", StringComparison.Ordinal)
                select $"{what}: a reason without a prefix: {text}");
        }

        Assert.True(wrong.Count == 0, string.Join('\n', wrong));
        output.WriteLine($"{cases.Length} cases");
        Assert.Equal(0, relay.Relay.Live.Count);
        await using TestClient another = await relay.ConnectAsync();
        Assert.True((await another.PublishAsync(valid)).Accepted);
    }

    [Fact]
    public async Task Mutated_messages_are_answered_and_the_relay_goes_on()
    {
        Random random = TestSeed.Random(output);
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o => o.Limits.MaxBadMessages = int.MaxValue));
        NostrEvent[] events = [.. SampleEvents.Generate(40, 9)];
        byte[][] seeds =
        [
            .. events.Select(e => Encoding.UTF8.GetBytes($"[\"EVENT\",{e.ToJson()}]")),
            Encoding.UTF8.GetBytes($$"""["REQ","abc",{"ids":["{{Id}}"],"kinds":[1,2],"#t":["x"],"since":1,"until":99,"limit":5},{"authors":["{{Id}}"]}]"""),
            "[\"COUNT\",\"abc\",{\"kinds\":[1,7],\"#e\":[\"x\"]}]"u8.ToArray(),
            "[\"CLOSE\",\"abc\"]"u8.ToArray(),
            "[\"NEG-OPEN\",\"n\",{\"kinds\":[1]},\"6100000200\"]"u8.ToArray(),
            "[\"NEG-MSG\",\"n\",\"61000001aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"]"u8.ToArray(),
            Encoding.UTF8.GetBytes($"[\"AUTH\",{events[0].ToJson()}]"),
        ];
        TestClient client = await relay.ConnectAsync();
        Task reading = DrainAsync(client);
        int frames = 4_000 * TestSeed.Soak;
        for (int i = 0; i < frames; i++)
        {
            byte[] message = Mutate(seeds[random.Next(seeds.Length)], random);
            try
            {
                await client.SendAsync(message);
            }
            catch (WebSocketException)
            {
                // Text that is no UTF-8 ends the connection, as RFC 6455 says.
                await reading;
                await client.DisposeAsync();
                client = await relay.ConnectAsync();
                reading = DrainAsync(client);
            }
        }

        await client.DisposeAsync();
        await reading;
        await using TestClient after = await relay.ConnectAsync();
        Assert.True((await after.PublishAsync(Authors.Note(Authors.Alice, "after"))).Accepted);
        output.WriteLine($"{frames} mutated messages");
    }

    [Theory]
    [InlineData("unmasked", "8105" + "68656c6c6f")]
    [InlineData("reserved bits", "f185" + "00000000" + "68656c6c6f")]
    [InlineData("reserved opcode", "8385" + "00000000" + "68656c6c6f")]
    [InlineData("reserved control opcode", "8b80" + "00000000")]
    [InlineData("ping of more than 125 bytes", "89fe007e" + "00000000")]
    [InlineData("ping in fragments", "0980" + "00000000")]
    [InlineData("a continuation of nothing", "8085" + "00000000" + "68656c6c6f")]
    [InlineData("a new message within one", "0181" + "00000000" + "61" + "8181" + "00000000" + "61")]
    [InlineData("length of 2^63", "81ff8000000000000000" + "00000000")]
    [InlineData("length of 2^62", "81ff4000000000000000" + "00000000")]
    [InlineData("close with one byte", "8881" + "00000000" + "03")]
    [InlineData("text that is no UTF-8", "8182" + "00000000" + "c328")]
    [InlineData("half a frame", "81")]
    [InlineData("half a header", "81ff00")]
    public async Task Frames_that_break_the_protocol_end_their_connection_and_no_other(string what, string hex)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient other = await relay.ConnectAsync();
        using var raw = new TcpClient();
        await raw.ConnectAsync("127.0.0.1", relay.Http.Port);
        NetworkStream stream = raw.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: 127.0.0.1:{relay.Http.Port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        byte[] buffer = new byte[4_096];
        int length = await stream.ReadAsync(buffer);
        Assert.StartsWith("HTTP/1.1 101", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        await stream.WriteAsync(Convert.FromHexString(hex));
        if (what.StartsWith("half", StringComparison.Ordinal) || what == "length of 2^62")
        {
            // Nothing is wrong yet, and nothing was reserved for it: the client goes.
            raw.Client.Shutdown(SocketShutdown.Send);
        }

        using var late = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (await TryReadAsync(stream, buffer, late.Token) > 0)
        {
        }

        Assert.True((await other.PublishAsync(Authors.Note(Authors.Alice, what))).Accepted);
    }

    [Theory]
    [InlineData("Sec-WebSocket-Version: 12\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n", "426")]
    [InlineData("Sec-WebSocket-Version: 13\r\n", "400")]
    [InlineData("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: short\r\n", "400")]
    [InlineData("Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: !!!!!!!!!!!!!!!!!!!!!!!!\r\n", "400")]
    public async Task Handshakes_that_are_none_are_refused(string headers, string status)
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        using var raw = new TcpClient();
        await raw.ConnectAsync("127.0.0.1", relay.Http.Port);
        NetworkStream stream = raw.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n{headers}\r\n"));
        byte[] buffer = new byte[4_096];
        int length = await stream.ReadAsync(buffer);
        Assert.StartsWith($"HTTP/1.1 {status}", Encoding.ASCII.GetString(buffer, 0, length), StringComparison.Ordinal);
        Assert.Equal(0, relay.Relay.ConnectionCount);
    }

    [Fact]
    public async Task Fragments_and_pings_between_them_make_one_message()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        byte[] text = "[\"COUNT\",\"c\",{\"limit\":0}]"u8.ToArray();
        for (int i = 0; i < text.Length; i++)
        {
            await client.Socket.SendAsync(
                text.AsMemory(i, 1), WebSocketMessageType.Text, i == text.Length - 1, CancellationToken.None);
        }

        Assert.Equal("[\"COUNT\",\"c\",{\"count\":0}]", (await client.ReceiveAsync()).ToJsonString());
    }

    private static async Task<int> TryReadAsync(NetworkStream stream, byte[] buffer, CancellationToken late)
    {
        try
        {
            return await stream.ReadAsync(buffer, late);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static async Task DrainAsync(TestClient client)
    {
        try
        {
            while (await client.TryReceiveAsync() is not null)
            {
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException or InvalidOperationException)
        {
            // The test is done with it.
        }
    }

    private static byte[] Mutate(byte[] seed, Random random)
    {
        var bytes = new List<byte>(seed);
        for (int i = random.Next(1, 4); i > 0 && bytes.Count > 0; i--)
        {
            int at = random.Next(bytes.Count);
            switch (random.Next(7))
            {
                case 0:
                    bytes[at] = (byte)random.Next(128);
                    break;
                case 1:
                    bytes.RemoveAt(at);
                    break;
                case 2:
                    bytes.Insert(at, (byte)"\"\\[]{},:0-9eE.\u0000"[random.Next(15)]);
                    break;
                case 3:
                    bytes.RemoveRange(at, bytes.Count - at);
                    break;
                case 4:
                    bytes.InsertRange(at, bytes.GetRange(at, Math.Min(20, bytes.Count - at)));
                    break;
                case 5 when random.Next(20) == 0:
                    bytes[at] = (byte)(128 + random.Next(128));
                    break;
                default:
                    bytes[at] = (byte)(bytes[at] ^ (1 << random.Next(7)));
                    break;
            }
        }

        return [.. bytes];
    }
}
