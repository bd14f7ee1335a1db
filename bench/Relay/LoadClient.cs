using System.Net.Sockets;
using System.Net.WebSockets;
using System.Text;

namespace Mortise.Bench.Relay;

/// <summary>A client that costs little, so that what is measured is the relay.</summary>
internal sealed class LoadClient : IDisposable
{
    private readonly ClientWebSocket _socket = new();
    private readonly byte[] _buffer = new byte[1 << 18];

    private CountingStream? _wire;

    /// <summary>Bytes that came over the wire, the handshake included.</summary>
    public long BytesRead => _wire!.BytesRead;

    public static async Task<LoadClient> ConnectAsync(Uri address, bool compressed = false)
    {
        var client = new LoadClient();
        if (compressed)
        {
            client._socket.Options.DangerousDeflateOptions = new WebSocketDeflateOptions();
        }

        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellation) =>
            {
                var tcp = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
                await tcp.ConnectAsync(context.DnsEndPoint, cancellation);
                return client._wire = new CountingStream(new NetworkStream(tcp, ownsSocket: true));
            },
        };
        await client._socket.ConnectAsync(address, new HttpMessageInvoker(handler), default);
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
