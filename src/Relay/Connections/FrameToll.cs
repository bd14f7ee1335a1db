using System.Buffers.Binary;

namespace Mortise.Relay;

/// <summary>What a client may send that asks for nothing: pings and pongs, crumbs of messages, and messages that are
/// answered with a refusal for their number or not at all. Who sends too much of these is read more slowly; who sends too
/// many pings is dropped, because pings make a connection look alive for as long as some are left to be read.</summary>
/// <remarks>
/// <para>Sees the bytes as they come and cuts them into frames (RFC 6455, section 5.2), because the WebSocket answers pings
/// by itself and says nothing of them. What is no frame is the WebSocket's to refuse.</para>
/// <para>Threads: that which reads the connection.</para>
/// </remarks>
/// <param name="time">The clock.</param>
internal sealed class FrameToll(TimeProvider time)
{
    // No client that means well comes near: a ping a second is much, and fragments are cut by the kilobyte.
    private const int PerSecond = 200;
    private const int AtOnce = 2_000;
    private const int Crumb = 128;
    private static readonly TimeSpan s_pause = TimeSpan.FromMilliseconds(100);

    private readonly TokenBucket _rate = new(PerSecond, AtOnce, time);
    private readonly TokenBucket _controls = new(PerSecond, AtOnce, time);
    private readonly byte[] _header = new byte[14];
    private int _headerLength;
    private ulong _payload;

    /// <summary>True when the client has to wait before more of it is read.</summary>
    public bool IsSpent { get; private set; }

    /// <summary>True when the client sent so many pings or pongs that it has to go.</summary>
    public bool IsFlooded { get; private set; }

    /// <summary>Counts something that asked for nothing.</summary>
    public void Take() => IsSpent |= !_rate.TryTake();

    /// <summary>Waits until there may be more.</summary>
    public async Task WaitAsync(CancellationToken cancellation)
    {
        await Task.Delay(s_pause, time, cancellation).ConfigureAwait(false);
        IsSpent = false;
    }

    /// <summary>Looks at the bytes that came.</summary>
    public void See(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            int taken = 1;
            if (_payload > 0)
            {
                taken = (int)Math.Min((ulong)bytes.Length, _payload);
                _payload -= (ulong)taken;
            }
            else
            {
                _header[_headerLength++] = bytes[0];
                if (_headerLength >= 2 && _headerLength == HeaderBytes())
                {
                    BeginFrame();
                }
            }

            bytes = bytes[taken..];
        }
    }

    private int HeaderBytes() =>
        2 + ((_header[1] & 0x7F) switch { 126 => 2, 127 => 8, _ => 0 }) + ((_header[1] & 0x80) != 0 ? 4 : 0);

    private void BeginFrame()
    {
        _payload = (_header[1] & 0x7F) switch
        {
            126 => BinaryPrimitives.ReadUInt16BigEndian(_header.AsSpan(2)),
            127 => BinaryPrimitives.ReadUInt64BigEndian(_header.AsSpan(2)),
            int length => (ulong)length,
        };
        _headerLength = 0;
        if ((_header[0] & 0x08) != 0)
        {
            IsFlooded |= !_controls.TryTake();
        }
        else if (((_header[0] & 0x80) == 0 || (_header[0] & 0x0F) == 0) && _payload < Crumb)
        {
            Take();
        }
    }
}
