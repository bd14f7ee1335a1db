using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>A client's subscription: the stored events first, then each new one, with no gap and none twice.</summary>
/// <remarks>
/// It joins the live index before its query takes a view of the store. What is written meanwhile is held; when the
/// stored events and EOSE are out, that which the view had is dropped (its commit tells) and the rest follows.
/// </remarks>
internal sealed class Subscription : IDisposable
{
    private const int MaxHeld = 10_000;
    private const int MaxHeldBytes = 4 << 20;

    private readonly Lock _gate = new();
    private readonly byte[] _prefix;
    private readonly EventMatcher _matcher;
    private readonly CancellationTokenSource _cancellation;
    private List<(byte[] Json, Lsn Lsn)>? _held = [];
    private int _heldBytes;
    private Lsn _stored;
    private bool _isClosed;

    public Subscription(Connection connection, string id, IReadOnlyList<Filter> filters, int values, EventMatcher matcher)
    {
        Connection = connection;
        Id = id;
        Filters = filters;
        Values = values;
        _prefix = RelayMessage.EventPrefix(id);
        _matcher = matcher;
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(connection.Closing);
        Cancellation = _cancellation.Token;
    }

    public Connection Connection { get; }

    public string Id { get; }

    public IReadOnlyList<Filter> Filters { get; }

    /// <summary>Values in its filters, for the limit of the connection.</summary>
    public int Values { get; }

    /// <summary>Stops its query.</summary>
    public CancellationToken Cancellation { get; }

    /// <summary>What stands before each event.</summary>
    public ReadOnlySpan<byte> Prefix => _prefix;

    /// <summary>The dispatcher's mark: the last event that it looked at this for.</summary>
    public long Mark { get; set; }

    /// <summary>The index's own: whether it has this.</summary>
    public bool IsFiled { get; set; }

    public bool IsClosed => Volatile.Read(ref _isClosed);

    /// <summary>Whether the client wants an event, and may see it. The dispatcher's thread.</summary>
    public bool Matches(in EventView @event) => _matcher.Matches(@event) && Connection.MaySee(@event);

    /// <summary>Sends a live event, or holds it while stored ones are under way.</summary>
    /// <returns>False when too many would be held; the subscription has to end.</returns>
    public bool Offer(byte[] json, Lsn lsn)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return true;
            }

            if (_held is null)
            {
                // What the query's view had may still be on its way here.
                if (lsn == Lsn.None || lsn > _stored)
                {
                    Send(json);
                }

                return true;
            }

            _heldBytes += json.Length;
            if (_held.Count >= MaxHeld || _heldBytes > MaxHeldBytes)
            {
                return false;
            }

            _held.Add((json, lsn));
            return true;
        }
    }

    /// <summary>Says that the stored events are out and sends what was held.</summary>
    /// <param name="stored">The last commit that the query saw.</param>
    /// <param name="hint">NIP-67, or null.</param>
    public void EndStored(Lsn stored, string? hint)
    {
        lock (_gate)
        {
            if (_isClosed || _held is null)
            {
                return;
            }

            Connection.Outbox.TrySend(RelayMessage.EndOfStored(Id, hint));
            foreach ((byte[] json, Lsn lsn) in _held)
            {
                // An ephemeral event has no commit and is in no view.
                if (lsn == Lsn.None || lsn > stored)
                {
                    Send(json);
                }
            }

            _held = null;
            _stored = stored;
        }
    }

    /// <summary>Ends it: nothing is sent for it any more.</summary>
    /// <param name="reason">What CLOSED says; null when the client closed it itself.</param>
    public void Close(string? reason)
    {
        lock (_gate)
        {
            if (_isClosed)
            {
                return;
            }

            _isClosed = true;
            _held = null;
            if (reason is not null)
            {
                Connection.Outbox.TrySend(RelayMessage.Closed(Id, reason));
            }
        }

        // Disposed at once, or every request of a long connection would stay registered with it.
        _cancellation.Cancel();
        _cancellation.Dispose();
    }

    public void Dispose() => Close(null);

    private void Send(byte[] json)
    {
        Connection.Outbox.TrySend(_prefix, json, "]"u8);
        Connection.Relay.Metrics.EventSent();
    }
}
