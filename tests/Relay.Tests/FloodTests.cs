using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;

namespace Mortise.Relay.Tests;

/// <summary>What asks for nothing is read at a rate, and takes no places from others.</summary>
public sealed class FloodTests
{
    /// <summary>So long the relay waits before it reads more of a client that sent too much of nothing.</summary>
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    /// <summary>After so long nothing is coming any more; no test passes because of it.</summary>
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData("empty fragments", "0080" + "00000000")]
    [InlineData("fragments of a letter", "0081" + "00000000" + "61")]
    public async Task Frames_that_ask_for_nothing_are_read_at_a_rate(string what, string hex)
    {
        const int Frames = 10_000;
        var clock = new ManualClock();
        byte[] frame = Convert.FromHexString(hex);
        using var sent = new MemoryStream(Repeat(frame, Frames));
        await using var stream = new SharedStream(sent, clock);
        byte[] buffer = new byte[139];
        Task<int> reading = stream.ReadAsync(buffer).AsTask();
        while (reading.IsCompleted && await reading > 0)
        {
            reading = stream.ReadAsync(buffer).AsTask();
        }

        Assert.False(reading.IsCompleted, what);
        Assert.InRange(sent.Position / frame.Length, 1_900, 2_100);
        clock.Advance(s_pause);
        Assert.Equal(buffer.Length, await reading);
    }

    [Theory]
    [InlineData("8980" + "00000000")]
    [InlineData("8a82" + "00000000" + "0000")]
    public async Task Who_sends_nothing_but_pings_or_pongs_is_dropped_alone(string hex)
    {
        await using TestRelay relay = await TestRelay.StartAsync(time: new ManualClock());
        await using TestClient other = await relay.ConnectAsync();
        using var raw = new TcpClient();
        await raw.ConnectAsync("127.0.0.1", relay.Http.Port);
        NetworkStream stream = raw.GetStream();
        byte[] frame = Convert.FromHexString(hex);
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"));
        await stream.WriteAsync(Repeat(frame, 1_900));
        await stream.WriteAsync(Convert.FromHexString("818b" + "00000000" + Convert.ToHexString("[\"nothing\"]"u8)));
        string answer = "";
        byte[] buffer = new byte[65_536];
        while (!answer.Contains("NOTICE", StringComparison.Ordinal))
        {
            int length = await stream.ReadAsync(buffer).AsTask().WaitAsync(s_never);
            Assert.NotEqual(0, length);
            answer += Encoding.Latin1.GetString(buffer, 0, length);
        }

        Task<bool> ended = IsEndedAsync(stream, buffer);
        await stream.WriteAsync(Repeat(frame, 200));
        Assert.True(await ended.WaitAsync(s_never));
        await other.ExpectSilenceAsync();
    }

    [Fact]
    public void Messages_and_their_fragments_cost_nothing_however_they_arrive()
    {
        var random = new Random(1);
        var bytes = new List<byte>();
        foreach (int length in Enumerable.Repeat((int[])[128, 129, 300, 65_535, 65_536, 70_000], 500).SelectMany(static l => l))
        {
            // A first fragment, one in the middle, the last; and a short message in one frame.
            bytes.AddRange([.. Frame(0x01, length), .. Frame(0x00, length), .. Frame(0x80, length), .. Frame(0x81, length % 100)]);
        }

        var toll = new FrameToll(new ManualClock());
        ReadOnlySpan<byte> rest = bytes.ToArray();
        while (!rest.IsEmpty)
        {
            int taken = Math.Min(rest.Length, random.Next(1, random.Next(1, 100_000)));
            toll.See(rest[..taken]);
            rest = rest[taken..];
        }

        Assert.False(toll.IsSpent);
    }

    [Theory]
    [InlineData("[\"CLOSE\",\"none\"]", false)]
    [InlineData("[\"NEG-CLOSE\",\"none\"]", false)]
    [InlineData("[\"REQ\",\"r\",{\"limit\":0}]", true)]
    public async Task Messages_that_ask_for_nothing_are_read_at_a_rate(string message, bool isLimited)
    {
        const int Messages = 2_500;
        var clock = new ManualClock();
        await using TestRelay relay = await TestRelay.StartAsync(
            TestRelay.Fast(o => o.Rates.RequestsPerConnection = isLimited ? 1 : 0), time: clock);
        await using TestClient client = await relay.ConnectAsync();
        byte[] text = Encoding.UTF8.GetBytes(message);
        for (int i = 0; i < Messages; i++)
        {
            await client.SendAsync(text);
        }

        // What is behind them is answered all the same, when their time has passed.
        await client.SendAsync("[\"nothing\"]");
        await clock.WhenAskedAsync(s_pause).WaitAsync(s_never);
        Task<JsonArray> answer = client.ReceiveAsync("NOTICE");
        while (!answer.IsCompleted)
        {
            clock.Advance(s_pause);
            await Task.Yield();
        }

        Assert.StartsWith("invalid: ", (string?)(await answer)[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task Sockets_that_ask_for_nothing_are_closed_beyond_those_of_an_address()
    {
        const int Beside = 50;
        const int Excess = 9;
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxConnectionsPerAddress = 1;
            o.Limits.HandshakeTimeout = TimeSpan.FromHours(1);
        }));
        var sockets = new List<TcpClient>();
        var ends = new List<Task>();
        for (int i = 0; i < 1 + Beside + Excess; i++)
        {
            var socket = new TcpClient();
            sockets.Add(socket);
            ends.Add(EndAsync(socket, relay.Http.Port));
        }

        for (int closed = 0; closed < Excess; closed++)
        {
            ends.Remove(await Task.WhenAny(ends).WaitAsync(s_never));
        }

        Assert.DoesNotContain(ends, static e => e.IsCompleted);
        sockets.ForEach(static s => s.Dispose());
        await Task.WhenAll(ends);
    }

    [Fact]
    public async Task Sockets_of_a_trusted_proxy_are_those_of_its_clients()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(o =>
        {
            o.Limits.MaxConnectionsPerAddress = 1;
            o.TrustedProxies = ["127.0.0.1"];
        }));
        var clients = new List<TestClient>();
        for (int i = 0; i < 60; i++)
        {
            string address = $"203.0.113.{i}";
            clients.Add(await TestClient.ConnectAsync(
                relay.Ws, socket => socket.Options.SetRequestHeader("X-Forwarded-For", address)));
        }

        foreach (TestClient client in clients)
        {
            await client.ExpectSilenceAsync();
            await client.DisposeAsync();
        }
    }

    private static byte[] Frame(byte first, int length)
    {
        byte[] size = length < 126 ? [(byte)(0x80 | length)]
            : length <= ushort.MaxValue ? [0xFE, (byte)(length >> 8), (byte)length]
            : [0xFF, 0, 0, 0, 0, (byte)(length >> 24), (byte)(length >> 16), (byte)(length >> 8), (byte)length];
        byte[] payload = new byte[length];

        // What would be pings if the frames were cut wrongly.
        payload.AsSpan().Fill(0x89);
        return [first, .. size, 1, 2, 3, 4, .. payload];
    }

    private static byte[] Repeat(byte[] frame, int times) => [.. Enumerable.Repeat(frame, times).SelectMany(static f => f)];

    private static async Task<bool> IsEndedAsync(NetworkStream stream, byte[] buffer)
    {
        try
        {
            while (await stream.ReadAsync(buffer) > 0)
            {
            }
        }
        catch (IOException)
        {
            // Reset is an end too.
        }

        return true;
    }

    private static async Task EndAsync(TcpClient socket, int port)
    {
        try
        {
            await socket.ConnectAsync("127.0.0.1", port);
            Assert.Equal(0, await socket.GetStream().ReadAsync(new byte[1]));
        }
        catch (Exception e) when (e is IOException or SocketException or ObjectDisposedException)
        {
            // A reset is an end too, also while connecting, and so is what the test does to its sockets at last.
        }
    }
}
