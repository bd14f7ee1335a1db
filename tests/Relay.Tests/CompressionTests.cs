using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;
using System.Text.Json.Nodes;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>permessage-deflate (RFC 7692): off by default; what was compressed says the same as what was not.</summary>
public sealed class CompressionTests
{
    [Theory]
    [InlineData("permessage-deflate", true)]
    [InlineData("permessage-deflate; client_max_window_bits", true)]
    [InlineData("permessage-deflate; client_max_window_bits=9; server_no_context_takeover", true)]
    [InlineData("x-unknown, Permessage-Deflate; server_max_window_bits=15", true)]
    [InlineData("permessage-deflate; server_max_window_bits=10", false)]
    [InlineData("permessage-deflate; server_max_window_bits=10, permessage-deflate", true)]
    [InlineData("permessage-deflate; server_max_window_bits", false)]
    [InlineData("permessage-deflate; client_max_window_bits=99", false)]
    [InlineData("permessage-deflate; unheard_of", false)]
    [InlineData("permessage-deflate; server_no_context_takeover=1", false)]
    [InlineData("permessage-bzip2", false)]
    [InlineData("", false)]
    public void An_offer_is_taken_when_all_of_it_can_be_kept(string header, bool isTaken) =>
        Assert.Equal(isTaken, DeflateOffer.IsMade([header]));

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Clients_that_offer_it_get_the_same_messages(bool isOn)
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(options => options.Compression = isOn));
        await using TestClient plain = await relay.ConnectAsync();
        await using TestClient offering = await TestClient.ConnectAsync(
            relay.Ws, socket => socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        NostrEvent[] notes =
        [
            Authors.Note(Authors.Alice, "short", age: 3),
            Authors.Note(Authors.Alice, string.Concat(Enumerable.Repeat("the same words again and again; ", 300)), age: 2),
            Authors.Note(Authors.Alice, Noise(5_000), age: 1),
        ];
        foreach (NostrEvent note in notes)
        {
            // Sent compressed: the client's side of it.
            Assert.Equal((true, ""), await offering.PublishAsync(note));
        }

        foreach (TestClient client in (TestClient[])[plain, offering])
        {
            await client.SendAsync("[\"REQ\",\"q\",{}]");
            foreach (NostrEvent note in notes.Reverse())
            {
                JsonArray message = await client.ReceiveAsync("EVENT");
                Assert.True(JsonNode.DeepEquals(JsonNode.Parse(note.ToJson()), message[2]), note.Id);
            }

            await client.ReceiveAsync("EOSE");
        }
    }

    /// <summary>A thousandth of its size on the wire: what it becomes counts, not what it was.</summary>
    [Fact]
    public async Task A_message_that_inflates_beyond_the_limit_is_refused_while_it_inflates()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(static options => options.Compression = true));
        await using TestClient client = await TestClient.ConnectAsync(
            relay.Ws, static socket => socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions());
        byte[] bomb = new byte[50 << 20];
        bomb.AsSpan().Fill((byte)' ');
        try
        {
            await client.SendAsync(bomb);
        }
        catch (Exception e) when (e is WebSocketException or OperationCanceledException or IOException)
        {
            // The relay closed before all of it was sent.
        }

        while (await client.TryReceiveAsync() is { } message)
        {
            Assert.Equal("NOTICE", (string?)message[0]);
        }

        await using TestClient other = await relay.ConnectAsync();
        await other.ExpectSilenceAsync();
    }

    [Fact]
    public async Task The_handshake_says_what_was_agreed_and_frames_say_that_they_are_compressed()
    {
        await using TestRelay relay = await TestRelay.StartAsync(TestRelay.Fast(static options => options.Compression = true));
        NostrEvent note = Authors.Note(Authors.Alice, string.Concat(Enumerable.Repeat("again ", 500)));
        await using TestClient author = await relay.ConnectAsync();
        await author.PublishAsync(note);
        using var raw = new TcpClient();
        await raw.ConnectAsync(relay.Http.Host, relay.Http.Port);
        NetworkStream stream = raw.GetStream();
        byte[] mask = [0, 0, 0, 0];
        byte[] request = Encoding.ASCII.GetBytes("[\"REQ\",\"q\",{}]");
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"GET / HTTP/1.1\r\nHost: {relay.Http.Authority}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n"
            + "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n\r\n"));
        string head = await ReadHeadAsync(stream);
        Assert.Contains(
            "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; client_no_context_takeover",
            head,
            StringComparison.Ordinal);

        // A message that is not compressed is allowed at any time; the answer to it is.
        await stream.WriteAsync((byte[])[0x81, (byte)(0x80 | request.Length), .. mask, .. request]);
        int longest = 0;
        int compressed = 0;
        for (int frames = 0; frames < 3; frames++)
        {
            (byte first, int length) = await SkipFrameAsync(stream);
            compressed += (first & 0x40) != 0 ? 1 : 0;
            longest = Math.Max(longest, length);
        }

        Assert.Equal(1, compressed);
        Assert.InRange(longest, 1, note.ToJson().Length / 3);
    }

    private static string Noise(int characters)
    {
        byte[] bytes = new byte[characters];
        new Random(5).NextBytes(bytes);
        return Convert.ToBase64String(bytes);
    }

    private static async Task<string> ReadHeadAsync(NetworkStream stream)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            await stream.ReadExactlyAsync(one);
            head.Append((char)one[0]);
        }

        return head.ToString();
    }

    private static async Task<(byte First, int Length)> SkipFrameAsync(NetworkStream stream)
    {
        byte[] header = new byte[2];
        await stream.ReadExactlyAsync(header);
        int length = header[1];
        if (length == 126)
        {
            byte[] more = new byte[2];
            await stream.ReadExactlyAsync(more);
            length = (more[0] << 8) | more[1];
        }

        await stream.ReadExactlyAsync(new byte[length]);
        return (header[0], length);
    }
}
