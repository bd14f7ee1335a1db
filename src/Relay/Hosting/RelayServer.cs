using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Mortise.Host.Composition;

namespace Mortise.Relay;

/// <summary>A relay with a web server of its own.</summary>
/// <remarks>No configuration but what is given: no files, no environment.</remarks>
public sealed class RelayServer : IAsyncDisposable
{
    // Requests that are no WebSocket: documents, metrics, handshakes under way.
    private const int PlainConnections = 1_000;

    private readonly WebApplication _app;

    private RelayServer(WebApplication app, NostrRelay relay, IReadOnlyList<string> urls)
    {
        _app = app;
        Relay = relay;
        Urls = urls;
    }

    /// <summary>The relay that it serves.</summary>
    public NostrRelay Relay { get; }

    /// <summary>Where it listens: the ports that were really bound.</summary>
    public IReadOnlyList<string> Urls { get; }

    /// <summary>Listens and serves.</summary>
    /// <param name="relay">The relay; the server stops it, and the caller disposes it.</param>
    /// <param name="urls">Where to listen, such as <c>http://127.0.0.1:7777</c>; port 0 takes a free one.</param>
    /// <param name="composed">The stack, for the dashboard to show; null when it is not known.</param>
    /// <param name="configure">Where and how it logs, or null for nowhere.</param>
    /// <param name="cancellation">Stops starting.</param>
    /// <exception cref="IOException">An address is in use, or cannot be listened on.</exception>
    public static async Task<RelayServer> StartAsync(
        NostrRelay relay,
        IReadOnlyList<string> urls,
        ComposedStore? composed = null,
        Action<ILoggingBuilder>? configure = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(relay);
        ArgumentNullException.ThrowIfNull(urls);
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => Limit(kestrel, relay));
        builder.WebHost.UseUrls([.. urls]);
        builder.Services.AddRoutingCore();
        configure?.Invoke(builder.Logging);
        WebApplication app = builder.Build();
        app.UseRouting();
        app.MapMortiseRelay("/", relay, composed);
        try
        {
            await app.StartAsync(cancellation).ConfigureAwait(false);
        }
        catch (Exception e)
        {
            await app.DisposeAsync().ConfigureAwait(false);
            if (e is SocketException or InvalidOperationException)
            {
                // An address of another machine, a port that needs rights, a form that the server does not take.
                throw new IOException($"cannot listen on {string.Join(", ", urls)}: {e.Message}", e);
            }

            throw;
        }

        ICollection<string> bound = app.Services.GetRequiredService<IServer>().Features
            .GetRequiredFeature<IServerAddressesFeature>().Addresses;
        return new RelayServer(app, relay, [.. bound]);
    }

    /// <summary>Stops the relay, then the server.</summary>
    public async Task StopAsync()
    {
        await Relay.StopAsync().ConfigureAwait(false);
        await _app.StopAsync().ConfigureAwait(false);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await StopAsync().ConfigureAwait(false);
        await _app.DisposeAsync().ConfigureAwait(false);
    }

    private static void Limit(KestrelServerOptions kestrel, NostrRelay relay)
    {
        LimitOptions limits = relay.Options.Limits;
        var sockets = new AddressSockets(relay);
        kestrel.AddServerHeader = false;
        kestrel.ConfigureEndpointDefaults(endpoint =>
        {
            endpoint.Protocols = HttpProtocols.Http1;
            endpoint.Use(serve => connection => sockets.RunAsync(connection, serve));
        });
        kestrel.Limits.MaxConcurrentUpgradedConnections = limits.MaxConnections;
        kestrel.Limits.MaxConcurrentConnections = (long)limits.MaxConnections + PlainConnections;
        kestrel.Limits.RequestHeadersTimeout = limits.HandshakeTimeout;
        kestrel.Limits.KeepAliveTimeout = limits.HandshakeTimeout;
        kestrel.Limits.MaxRequestBodySize = limits.MaxMessageBytes.Bytes;
        kestrel.Limits.MaxRequestHeadersTotalSize = 16_384;
    }
}
