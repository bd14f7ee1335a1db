using System.Buffers.Binary;
using System.Diagnostics;
using System.Net.Sockets;
using System.Text;

namespace Mortise.Bench.Relay;

/// <summary>Publishes over a socket of its own, as load tools do: frames are made before, as many go out in one write as
/// the window has room for, and answers are read as they come.</summary>
/// <remarks>Client and relay share the processors, so what the client spends the relay lacks.</remarks>
internal sealed class Publisher : IDisposable
{
    private const int HeaderEnd = 4;
    private const int IdAt = 7;

    private readonly Socket _socket;
    private readonly Dictionary<ulong, long> _sent = [];
    private readonly byte[] _reading = new byte[1 << 16];
    private readonly byte[] _writing = new byte[1 << 18];
    private int _read;

    private Publisher(Socket socket) => _socket = socket;

    /// <summary>Milliseconds from sending to its OK, one a message.</summary>
    public List<double> Times { get; } = [];

    /// <summary>Messages that were accepted.</summary>
    public int Accepted { get; private set; }

    public static async Task<Publisher> ConnectAsync(Uri address)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(address.Host, address.Port);
        var publisher = new Publisher(socket);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            $"GET {address.PathAndQuery} HTTP/1.1\r\nHost: {address.Authority}\r\nUpgrade: websocket\r\n"
            + "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"));
        int end;
        while ((end = publisher._reading.AsSpan(0, publisher._read).IndexOf("\r\n\r\n"u8)) < 0)
        {
            await publisher.ReadAsync();
        }

        publisher.Forget(end + HeaderEnd);
        return publisher;
    }

    /// <summary>A text frame as a client sends it, RFC 6455, section 5.2.</summary>
    public static byte[] Frame(ReadOnlySpan<byte> message)
    {
        ReadOnlySpan<byte> mask = [0x5a, 0x17, 0xc3, 0x6d];
        int header = message.Length < 126 ? 2 : message.Length <= ushort.MaxValue ? 4 : 10;
        byte[] frame = new byte[header + mask.Length + message.Length];
        frame[0] = 0x81;
        switch (header)
        {
            case 2:
                frame[1] = (byte)(0x80 | message.Length);
                break;
            case 4:
                frame[1] = 0xfe;
                BinaryPrimitives.WriteUInt16BigEndian(frame.AsSpan(2), (ushort)message.Length);
                break;
            default:
                frame[1] = 0xff;
                BinaryPrimitives.WriteUInt64BigEndian(frame.AsSpan(2), (ulong)message.Length);
                break;
        }

        mask.CopyTo(frame.AsSpan(header));
        for (int i = 0; i < message.Length; i++)
        {
            frame[header + mask.Length + i] = (byte)(message[i] ^ mask[i & 3]);
        }

        return frame;
    }

    /// <summary>Sends messages until there are none, with up to a number of them unanswered.</summary>
    /// <param name="take">The next message's id, by its first 16 digits, and its frame; null at the end.</param>
    /// <param name="inFlight">Messages that may be unanswered.</param>
    public async Task RunAsync(Func<(ulong Id, byte[] Frame)?> take, int inFlight)
    {
        bool isMore = true;
        while (isMore || _sent.Count > 0)
        {
            int filled = 0;
            while (isMore && _sent.Count < inFlight && filled < _writing.Length / 2)
            {
                if (take() is not { } next)
                {
                    isMore = false;
                    break;
                }

                next.Frame.CopyTo(_writing, filled);
                filled += next.Frame.Length;
                _sent.Add(next.Id, Stopwatch.GetTimestamp());
            }

            for (int at = 0; at < filled;)
            {
                at += await _socket.SendAsync(_writing.AsMemory(at, filled - at));
            }

            if (_sent.Count > 0)
            {
                await ReadAsync();
                TakeAnswers();
            }
        }
    }

    /// <summary>What <see cref="RunAsync"/> knows a message by.</summary>
    /// <param name="id">An id in hexadecimal digits.</param>
    public static ulong Key(ReadOnlySpan<byte> id) => BinaryPrimitives.ReadUInt64LittleEndian(id)
        ^ BinaryPrimitives.ReadUInt64LittleEndian(id[8..]) * 0x9e3779b97f4a7c15;

    public void Dispose() => _socket.Dispose();

    private async ValueTask ReadAsync()
    {
        int read = await _socket.ReceiveAsync(_reading.AsMemory(_read));
        _read += read > 0 ? read : throw new IOException("the relay closed the connection");
    }

    private void TakeAnswers()
    {
        int at = 0;
        while (_read - at >= 2)
        {
            ReadOnlySpan<byte> frame = _reading.AsSpan(at, _read - at);
            int header = frame[1] < 126 ? 2 : 4;
            if (frame.Length < header)
            {
                break;
            }

            int length = header == 2 ? frame[1] : BinaryPrimitives.ReadUInt16BigEndian(frame[2..]);
            if (frame.Length < header + length)
            {
                break;
            }

            ReadOnlySpan<byte> message = frame.Slice(header, length);
            if (message.StartsWith("[\"OK\""u8) && _sent.Remove(Key(message[IdAt..]), out long sent))
            {
                Times.Add(Stopwatch.GetElapsedTime(sent).TotalMilliseconds);
                Accepted += message.IndexOf(",true,"u8) > 0 ? 1 : 0;
            }

            at += header + length;
        }

        Forget(at);
    }

    private void Forget(int bytes)
    {
        _reading.AsSpan(bytes, _read - bytes).CopyTo(_reading);
        _read -= bytes;
    }
}
