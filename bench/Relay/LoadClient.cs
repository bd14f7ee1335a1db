using System.Net.WebSockets;
using System.Text;

namespace Mortise.Bench.Relay;

/// <summary>A client that costs little, so that what is measured is the relay.</summary>
internal sealed class LoadClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 18];

    public static async Task<LoadClient> ConnectAsync(Uri address)
    {
        var client = new LoadClient();
        await client._socket.ConnectAsync(address, default);
        await client.ReceiveAsync();
        return client;
    }

    public ValueTask SendAsync(ReadOnlyMemory<byte> message) =>
        _socket.SendAsync(message, WebSocketMessageType.Text, true, default);

    public ValueTask SendAsync(string message) => SendAsync(Encoding.UTF8.GetBytes(message));

    /// <summary>The next message, until the one after it.</summary>
    public async ValueTask<ReadOnlyMemory<byte>> ReceiveAsync()
    {
        int length = 0;
        while (true)
        {
            ValueWebSocketReceiveResult part = await _socket.ReceiveAsync(_buffer.AsMemory(length), default);
            length += part.Count;
            if (part.MessageType == WebSocketMessageType.Close)
            {
                throw new InvalidOperationException("the relay closed the connection");
            }

            if (part.EndOfMessage)
            {
                return _buffer.AsMemory(0, length);
            }
        }
    }

    public void Dispose() => _socket.Dispose();
}
