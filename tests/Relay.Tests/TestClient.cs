using System.Net.WebSockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>A client that says what a test says, word for word.</summary>
internal sealed class TestClient : IAsyncDisposable
{
    /// <summary>After so long nothing is coming any more; no test passes because of it.</summary>
    private static readonly TimeSpan s_never = TimeSpan.FromMinutes(2);

    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 20];

    /// <summary>What the relay sent first.</summary>
    public string Challenge { get; private set; } = "";

    public WebSocketState State => _socket.State;

    public WebSocketCloseStatus? CloseStatus => _socket.CloseStatus;

    public ClientWebSocket Socket => _socket;

    public static async Task<TestClient> ConnectAsync(Uri address, Action<ClientWebSocket>? configure = null)
    {
        var client = new TestClient();
        configure?.Invoke(client._socket);
        using var late = new CancellationTokenSource(s_never);
        await client._socket.ConnectAsync(address, late.Token);
        JsonArray auth = await client.ReceiveAsync();
        Assert.Equal("AUTH", (string?)auth[0]);
        client.Challenge = (string)auth[1]!;
        return client;
    }

    public Task SendAsync(string text) => SendAsync(Encoding.UTF8.GetBytes(text));

    public async Task SendAsync(byte[] text, WebSocketMessageType type = WebSocketMessageType.Text)
    {
        using var late = new CancellationTokenSource(s_never);
        try
        {
            await _socket.SendAsync(text, type, true, late.Token);
        }
        catch (OperationCanceledException e) when (!late.IsCancellationRequested)
        {
            // What the framework says when a read found the connection gone while this wrote.
            throw new WebSocketException(WebSocketError.ConnectionClosedPrematurely, e);
        }
    }

    /// <summary>The next message.</summary>
    public async Task<JsonArray> ReceiveAsync() =>
        await TryReceiveAsync() ?? throw new InvalidOperationException($"closed: {_socket.CloseStatus}");

    /// <summary>The next message; null when the relay closed the connection.</summary>
    public async Task<JsonArray?> TryReceiveAsync()
    {
        using var late = new CancellationTokenSource(s_never);
        int length = 0;
        while (true)
        {
            WebSocketReceiveResult part;
            try
            {
                part = await _socket.ReceiveAsync(new ArraySegment<byte>(_buffer, length, _buffer.Length - length), late.Token);
            }
            catch (WebSocketException)
            {
                return null;
            }

            if (part.MessageType == WebSocketMessageType.Close)
            {
                return null;
            }

            length += part.Count;
            if (part.EndOfMessage)
            {
                return JsonNode.Parse(_buffer.AsSpan(0, length))!.AsArray();
            }
        }
    }

    /// <summary>The next message of a type; those before are skipped.</summary>
    public async Task<JsonArray> ReceiveAsync(string type)
    {
        while (true)
        {
            JsonArray message = await ReceiveAsync();
            if ((string?)message[0] == type)
            {
                return message;
            }
        }
    }

    /// <summary>Publishes an event.</summary>
    /// <returns>What OK said.</returns>
    public async Task<(bool Accepted, string Text)> PublishAsync(NostrEvent @event)
    {
        await SendAsync($"[\"EVENT\",{@event.ToJson()}]");
        JsonArray ok = await ReceiveAsync("OK");
        Assert.Equal(4, ok.Count);
        Assert.Equal(@event.Id, (string?)ok[1]);
        return ((bool)ok[2]!, (string)ok[3]!);
    }

    /// <summary>The ids of the stored events that filters find, in the order in which they came.</summary>
    public async Task<List<string>> QueryAsync(params string[] filters)
    {
        await SendAsync($"[\"REQ\",\"q\",{string.Join(',', filters)}]");
        var ids = new List<string>();
        while (true)
        {
            JsonArray message = await ReceiveAsync();
            switch ((string?)message[0])
            {
                case "EVENT":
                    ids.Add((string)message[2]!["id"]!);
                    break;
                case "EOSE":
                    await SendAsync("[\"CLOSE\",\"q\"]");
                    return ids;
                default:
                    throw new InvalidOperationException(message.ToJsonString());
            }
        }
    }

    public async Task<long> CountAsync(params string[] filters)
    {
        await SendAsync($"[\"COUNT\",\"c\",{string.Join(',', filters)}]");
        JsonArray message = await ReceiveAsync();
        return (string?)message[0] == "COUNT"
            ? (long)message[2]!["count"]!
            : throw new InvalidOperationException(message.ToJsonString());
    }

    /// <summary>Proves to be a key.</summary>
    public async Task<(bool Accepted, string Text)> AuthenticateAsync(
        byte[] secret, Uri relay, string? challenge = null, int kind = 22_242, long offset = 0)
    {
        NostrEvent proof = NostrEvent.CreateSigned(
            secret,
            DateTimeOffset.UtcNow.ToUnixTimeSeconds() + offset,
            kind,
            "",
            ["relay", relay.ToString()],
            ["challenge", challenge ?? Challenge]);
        await SendAsync($"[\"AUTH\",{proof.ToJson()}]");
        JsonArray ok = await ReceiveAsync("OK");
        return ((bool)ok[2]!, (string)ok[3]!);
    }

    /// <summary>Fails if the relay has something more to say: asks for something of which the answer is known.</summary>
    public async Task ExpectSilenceAsync()
    {
        await SendAsync("[\"COUNT\",\"silence\",{\"limit\":0}]");
        JsonArray message = await ReceiveAsync();
        Assert.Equal("[\"COUNT\",\"silence\",{\"count\":0}]", message.ToJsonString());
    }

    public async ValueTask DisposeAsync()
    {
        if (_socket.State == WebSocketState.Open)
        {
            _socket.Abort();
        }

        _socket.Dispose();
        await Task.CompletedTask;
    }

    public static string Json(object value) => JsonSerializer.Serialize(value);
}
