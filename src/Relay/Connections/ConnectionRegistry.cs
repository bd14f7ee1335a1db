using System.Collections.Concurrent;

namespace Mortise.Relay;

/// <summary>The open connections, how many there are of each address, and the watch over their times.</summary>
internal sealed class ConnectionRegistry
{
    private static readonly TimeSpan s_watch = TimeSpan.FromSeconds(1);

    private readonly NostrRelay _relay;
    private readonly ConcurrentDictionary<Connection, byte> _connections = new();
    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();
    private readonly ITimer _timer;
    private int _count;
    private bool _isClosing;

    public ConnectionRegistry(NostrRelay relay)
    {
        _relay = relay;
        _timer = relay.Time.CreateTimer(static state => ((ConnectionRegistry)state!).Watch(), this, s_watch, s_watch);
    }

    /// <summary>Open connections.</summary>
    public int Count => Volatile.Read(ref _count);

    /// <summary>Addresses that have one.</summary>
    public int Addresses
    {
        get
        {
            lock (_gate)
            {
                return _byAddress.Count;
            }
        }
    }

    /// <summary>The connection whose reader has most waiting, in bytes.</summary>
    public int MostWaiting => _connections.IsEmpty ? 0 : _connections.Keys.Max(static c => c.Outbox.Waiting);

    /// <summary>Makes room for a connection.</summary>
    /// <returns>Null, or why there is none.</returns>
    public string? TryEnter(in ClientAddress client)
    {
        if (_relay.Managed.IsBlocked(client.Address))
        {
            return "blocked: this address may not connect";
        }

        LimitOptions limits = _relay.Options.Limits;
        lock (_gate)
        {
            if (_isClosing)
            {
                return "error: the relay is shutting down";
            }

            if (_count >= limits.MaxConnections)
            {
                return "restricted: the relay has as many connections as it takes";
            }

            int of = _byAddress.GetValueOrDefault(client.Group);
            if (of >= limits.MaxConnectionsPerAddress)
            {
                return $"restricted: up to {limits.MaxConnectionsPerAddress} connections from one address";
            }

            _byAddress[client.Group] = of + 1;
            _count++;
            return null;
        }
    }

    /// <summary>Gives the room back.</summary>
    public void Leave(in ClientAddress client)
    {
        lock (_gate)
        {
            _count--;
            int left = _byAddress[client.Group] - 1;
            if (left == 0)
            {
                _byAddress.Remove(client.Group);
            }
            else
            {
                _byAddress[client.Group] = left;
            }
        }
    }

    public void Add(Connection connection) => _connections.TryAdd(connection, 0);

    public void Remove(Connection connection) => _connections.TryRemove(connection, out _);

    public void CloseSubscriptions(string reason)
    {
        foreach (Connection connection in _connections.Keys)
        {
            connection.CloseSubscriptions(reason);
        }
    }

    /// <summary>Drops the connections of some clients.</summary>
    public void Drop(Func<ClientAddress, bool> which, string reason)
    {
        foreach (Connection connection in _connections.Keys)
        {
            if (which(connection.Client))
            {
                connection.Drop(reason);
            }
        }
    }

    /// <summary>Takes no new connections, answers what came in, and lets everybody go.</summary>
    public async Task DrainAsync(CancellationToken cancellation)
    {
        lock (_gate)
        {
            _isClosing = true;
        }

        await Task.WhenAll(_connections.Keys.Select(c => c.GoAwayAsync(cancellation))).ConfigureAwait(false);
        foreach (Connection connection in _connections.Keys)
        {
            connection.Drop("shutdown");
        }

        await _timer.DisposeAsync().ConfigureAwait(false);
    }

    private void Watch()
    {
        try
        {
            foreach (Connection connection in _connections.Keys)
            {
                connection.CheckTimes();
            }

            _relay.SweepRates();
        }
        catch (Exception e)
        {
            // On a timer's thread: what escapes here ends the process.
            _relay.LogFailure(e, "the watch over connections failed");
        }
    }
}
