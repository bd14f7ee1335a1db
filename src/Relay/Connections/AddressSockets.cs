using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Mortise.Relay;

/// <summary>How many TCP connections each address has, whatever they ask for: what never becomes a WebSocket would
/// otherwise take the server's places from all the others.</summary>
/// <remarks>Threads: any; takes its own lock. A trusted proxy speaks for many, so it is not counted, nor is what has no
/// address.</remarks>
internal sealed class AddressSockets(NostrRelay relay)
{
    // Beside the WebSockets: documents, handshakes under way, a browser's six.
    private const int Plain = 50;

    private readonly Dictionary<string, int> _byAddress = new(StringComparer.Ordinal);
    private readonly Lock _gate = new();

    /// <summary>Serves a connection, or ends it at once.</summary>
    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate serve)
    {
        if (connection.RemoteEndPoint is not IPEndPoint { Address: IPAddress address }
            || ClientAddress.IsTrusted(ClientAddress.Plain(address), relay.Options))
        {
            await serve(connection).ConfigureAwait(false);
            return;
        }

        string group = ClientAddress.GroupOf(ClientAddress.Plain(address));
        if (!TryEnter(group))
        {
            relay.Metrics.Refused("restricted: too many sockets of one address");
            connection.Abort();
            return;
        }

        try
        {
            await serve(connection).ConfigureAwait(false);
        }
        finally
        {
            Leave(group);
        }
    }

    private bool TryEnter(string group)
    {
        lock (_gate)
        {
            int of = _byAddress.GetValueOrDefault(group);
            if (of >= (long)relay.Options.Limits.MaxConnectionsPerAddress + Plain)
            {
                return false;
            }

            _byAddress[group] = of + 1;
            return true;
        }
    }

    private void Leave(string group)
    {
        lock (_gate)
        {
            int left = _byAddress[group] - 1;
            if (left == 0)
            {
                _byAddress.Remove(group);
            }
            else
            {
                _byAddress[group] = left;
            }
        }
    }
}
