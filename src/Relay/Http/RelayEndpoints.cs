using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Mortise.Relay;

/// <summary>Puts a relay into an ASP.NET Core program.</summary>
public static class RelayEndpoints
{
    /// <summary>Maps a relay: WebSocket and NIP-11 at one path.</summary>
    /// <remarks>Needs HTTP/1.1. The program's own WebSocket middleware is not needed and not used.</remarks>
    /// <param name="endpoints">The program.</param>
    /// <param name="pattern">The path; NIP-01 wants one for everything.</param>
    /// <param name="relay">The relay; null for the one in the program's services.</param>
    public static IEndpointConventionBuilder MapMortiseRelay(
        this IEndpointRouteBuilder endpoints, string pattern = "/", NostrRelay? relay = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        NostrRelay served = relay ?? endpoints.ServiceProvider.GetRequiredService<NostrRelay>();
        var face = new RelayFace(served);
        return endpoints.Map(pattern, (RequestDelegate)face.HandleAsync);
    }
}
