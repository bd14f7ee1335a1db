using System.Buffers;
using System.Net.WebSockets;
using System.Security.Cryptography;

namespace Mortise.Relay;

/// <summary>One client: reads its messages one after the other and answers them.</summary>
/// <remarks>
/// <para>Threads: one task reads; answers may be sent from any thread. Events are checked elsewhere, up to a number of
/// them at once; queries of a connection run one after the other.</para>
/// <para>Memory when idle: no buffer is held, neither for reading nor for writing.</para>
/// </remarks>
internal sealed partial class Connection : IDisposable
{
    private const int FirstBuffer = 4_096;

    private readonly WebSocket _socket;
    private readonly Lock _ending = new();
    private readonly CancellationTokenSource _closing = new();
    private readonly SemaphoreSlim _inFlight;
    private readonly TokenBucket _eventRate;
    private readonly TokenBucket _requestRate;
    private readonly LimitOptions _limits;
    private readonly FrameToll _toll;
    private Action? _abort;
    private long _messageBegan;
    private long _lastMessage;
    private int _badMessages;
    private int _unanswered;

    public Connection(
        NostrRelay relay,
        WebSocket socket,
        SharedStream stream,
        bool compresses,
        ClientAddress client,
        string host,
        Action abort)
    {
        Relay = relay;
        Client = client;
        Host = host;
        _socket = socket;
        _abort = abort;
        _toll = stream.Toll;
        Closing = _closing.Token;
        _limits = relay.Options.Limits;
        _inFlight = new SemaphoreSlim(_limits.MaxEventsInFlight, _limits.MaxEventsInFlight);
        RateOptions rates = relay.Options.Rates;
        _eventRate = new TokenBucket(
            rates.EventsPerConnection, (long)rates.EventsPerConnection * rates.BurstSeconds, relay.Time);
        _requestRate = new TokenBucket(
            rates.RequestsPerConnection, (long)rates.RequestsPerConnection * rates.BurstSeconds, relay.Time);
        _lastMessage = relay.Time.GetTimestamp();
        Challenge = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(16));
        Outbox = new Outbox(
            stream, relay.Outgoing, (int)_limits.MaxOutgoingBytes.Bytes, relay.Time, reason => Drop(reason))
        {
            Compresses = compresses,
        };
    }

    public NostrRelay Relay { get; }

    public ClientAddress Client { get; }

    /// <summary>The host by which the client called the relay.</summary>
    public string Host { get; }

    /// <summary>What waits to be sent.</summary>
    public Outbox Outbox { get; }

    /// <summary>Cancelled when the connection ends.</summary>
    public CancellationToken Closing { get; }

    /// <summary>Reads messages until the connection ends.</summary>
    public async Task RunAsync()
    {
        Outbox.TrySend(RelayMessage.Auth(Challenge));
        try
        {
            while (await ReadOneAsync().ConfigureAwait(false))
            {
            }

            await CloseAsync(WebSocketCloseStatus.NormalClosure, "").ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            // The client is gone, or was dropped; nobody is left to be told.
            if (_toll.IsFlooded)
            {
                Drop("too many pings");
            }
        }
        catch (Exception e)
        {
            // The outermost frame of a connection: a defect ends it alone, and is known.
            Relay.LogFailure(e, "a connection failed");
            Drop("failed");
        }
        finally
        {
            Shut();
        }
    }

    /// <summary>Ends the connection at once.</summary>
    /// <param name="reason">For the metrics.</param>
    public void Drop(string reason)
    {
        if (!_closing.IsCancellationRequested)
        {
            Relay.Metrics.Dropped(reason);
            _closing.Cancel();
            Outbox.Close();
            lock (_ending)
            {
                _abort?.Invoke();
            }
        }
    }

    /// <summary>Looks whether the client keeps the times that it has.</summary>
    public void CheckTimes()
    {
        TimeProvider time = Relay.Time;
        long began = Volatile.Read(ref _messageBegan);
        if (Outbox.Stall > _limits.SendTimeout)
        {
            Drop("too slow: does not read");
        }
        else if (began != 0 && time.GetElapsedTime(began) > _limits.MessageTimeout)
        {
            Drop("too slow: does not finish a message");
        }
        else if (_subscriptions.IsEmpty && Volatile.Read(ref _unanswered) == 0
            && time.GetElapsedTime(Volatile.Read(ref _lastMessage)) > _limits.IdleTimeout)
        {
            Drop("idle");
        }
    }

    /// <summary>Tells the client that the relay goes, when everything that it sent is answered.</summary>
    public async Task GoAwayAsync(CancellationToken cancellation)
    {
        try
        {
            while (Volatile.Read(ref _unanswered) > 0)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(10), Relay.Time, cancellation).ConfigureAwait(false);
            }

            CloseSubscriptions("error: the relay is shutting down");
            await Outbox.WhenDrainedAsync().WaitAsync(cancellation).ConfigureAwait(false);
            await _socket.CloseOutputAsync(
                WebSocketCloseStatus.EndpointUnavailable, "shutting down", cancellation).ConfigureAwait(false);
        }
        catch (Exception e) when (e is WebSocketException or IOException or OperationCanceledException
            or ObjectDisposedException or InvalidOperationException)
        {
            Drop("gone at shutdown");
        }
    }

    public void Dispose()
    {
        // The server's request ends after this, and what aborts it belongs to another from then on: an abort under
        // way on another thread is waited for, and none begins any more.
        lock (_ending)
        {
            _abort = null;
        }

        // Not the source of Closing: whoever stops the relay may be about to cancel it, and it holds nothing.
        _inFlight.Dispose();
        _queryTurn.Dispose();
    }

    /// <summary>Reads and handles one message.</summary>
    /// <returns>False at the end of the connection.</returns>
    private async Task<bool> ReadOneAsync()
    {
        // Waits without a buffer: thousands of idle connections need none.
        ValueWebSocketReceiveResult part =
            await _socket.ReceiveAsync(Memory<byte>.Empty, Closing).ConfigureAwait(false);
        int max = (int)_limits.MaxMessageBytes.Bytes;
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FirstBuffer);
        try
        {
            int length = 0;
            Volatile.Write(ref _messageBegan, Relay.Time.GetTimestamp());
            while (part.MessageType != WebSocketMessageType.Close && !part.EndOfMessage)
            {
                if (length > max)
                {
                    Notice($"invalid: a message of more than {max} bytes");
                    await RefuseAsync(WebSocketCloseStatus.MessageTooBig, "message too big").ConfigureAwait(false);
                    return false;
                }

                if (length == buffer.Length)
                {
                    byte[] larger = ArrayPool<byte>.Shared.Rent(2 * length);
                    buffer.AsSpan(0, length).CopyTo(larger);
                    ArrayPool<byte>.Shared.Return(buffer);
                    buffer = larger;
                }

                part = await _socket.ReceiveAsync(buffer.AsMemory(length), Closing).ConfigureAwait(false);
                length += part.Count;
            }

            Volatile.Write(ref _messageBegan, 0);
            Volatile.Write(ref _lastMessage, Relay.Time.GetTimestamp());
            if (part.MessageType == WebSocketMessageType.Close)
            {
                return false;
            }

            Relay.Metrics.Received(length);
            if (length > max)
            {
                Notice($"invalid: a message of more than {max} bytes");
                await RefuseAsync(WebSocketCloseStatus.MessageTooBig, "message too big").ConfigureAwait(false);
                return false;
            }

            if (part.MessageType == WebSocketMessageType.Binary)
            {
                return Bad("messages are text");
            }

            ValueTask<bool> handled = Handle(buffer.AsSpan(0, length));
            return handled.IsCompletedSuccessfully ? handled.Result : await handled.ConfigureAwait(false);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Handles one message. What it needs of the bytes it copies before it waits.</summary>
    private ValueTask<bool> Handle(ReadOnlySpan<byte> text)
    {
        if (ClientMessage.TryRead(text, out ClientMessage message) is { } problem)
        {
            return ValueTask.FromResult(Bad(problem));
        }

        if (message.Verb == ClientVerb.Event)
        {
            return HandleEvent(message.Rest);
        }

        if (message.Verb == ClientVerb.Close)
        {
            // What ends something was paid for when it began.
            if (!End(message.Id, null))
            {
                _toll.Take();
            }

            return ValueTask.FromResult(true);
        }

        if (message.Verb == ClientVerb.NegClose)
        {
            if (!CloseNegentropy(message.Id))
            {
                _toll.Take();
            }

            return ValueTask.FromResult(true);
        }

        bool isSlow = _requestRate.TryTake() && Relay.RequestRates.TryTake(Client.Group);
        return ValueTask.FromResult(isSlow ? HandleRequest(message) : RefuseRequest(message));
    }

    private bool HandleRequest(in ClientMessage message) => message.Verb switch
    {
        ClientVerb.Auth => HandleAuth(message.Rest),
        ClientVerb.Req => HandleReq(message),
        ClientVerb.Count => HandleCount(message),
        _ => HandleNegentropy(message),
    };

    private bool RefuseRequest(in ClientMessage message)
    {
        const string Reason = "rate-limited: too many requests; slow down";
        Relay.Metrics.Refused("rate-limited");
        _toll.Take();
        return message.Verb switch
        {
            ClientVerb.Auth => RefuseEvent(message.Rest, Reason),
            ClientVerb.NegOpen or ClientVerb.NegMessage => Send(RelayMessage.NegError(Limited(message.Id), Reason)),
            _ => Send(RelayMessage.Closed(Limited(message.Id), Reason)),
        };
    }

    /// <summary>Complains about a message.</summary>
    /// <returns>False when it was one too many.</returns>
    private bool Bad(string problem, bool isCounted = true)
    {
        Notice(problem.Contains(": ", StringComparison.Ordinal) ? problem : $"invalid: {problem}");
        Relay.Metrics.Refused("invalid");
        return !isCounted || ++_badMessages < _limits.MaxBadMessages;
    }

    private void Notice(string text) => Outbox.TrySend(RelayMessage.Notice(text));

    private bool Send(byte[] message)
    {
        Outbox.TrySend(message);
        return true;
    }

    /// <summary>An id that may be echoed: what is too long is cut, so that refusals stay small.</summary>
    private string Limited(string id) => id.Length <= 2 * _limits.MaxSubscriptionIdLength
        ? id
        : id[..(char.IsHighSurrogate(id[_limits.MaxSubscriptionIdLength - 1])
            ? _limits.MaxSubscriptionIdLength - 1
            : _limits.MaxSubscriptionIdLength)];

    private async Task RefuseAsync(WebSocketCloseStatus status, string reason)
    {
        await Outbox.WhenDrainedAsync().WaitAsync(_limits.SendTimeout, Relay.Time, Closing).ConfigureAwait(false);
        await CloseAsync(status, reason).ConfigureAwait(false);
    }

    private async Task CloseAsync(WebSocketCloseStatus status, string reason)
    {
        if (_socket.State is WebSocketState.Open or WebSocketState.CloseReceived)
        {
            using var late = new CancellationTokenSource(_limits.SendTimeout, Relay.Time);
            await _socket.CloseOutputAsync(status, reason, late.Token).ConfigureAwait(false);
        }
    }

    private void Shut()
    {
        _closing.Cancel();
        CloseSubscriptions(null);
        CloseNegentropy();
        Outbox.Close();
        _socket.Dispose();
    }
}
