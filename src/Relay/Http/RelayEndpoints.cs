using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Mortise.Host.Composition;

namespace Mortise.Relay;

/// <summary>Puts a relay into an ASP.NET Core program.</summary>
public static class RelayEndpoints
{
    /// <summary>Maps a relay: WebSocket, NIP-11 and the dashboard at one path; <c>/metrics</c>, <c>/health</c>,
    /// <c>/ready</c> and what the dashboard needs beside it.</summary>
    /// <remarks>Needs HTTP/1.1. The program's own WebSocket middleware is not needed and not used.</remarks>
    /// <param name="endpoints">The program.</param>
    /// <param name="pattern">The path; NIP-01 wants one for everything.</param>
    /// <param name="relay">The relay; null for the one in the program's services.</param>
    /// <param name="composed">The stack, for the dashboard to show; null when it is not known.</param>
    public static IEndpointConventionBuilder MapMortiseRelay(
        this IEndpointRouteBuilder endpoints,
        string pattern = "/",
        NostrRelay? relay = null,
        ComposedStore? composed = null)
    {
        ArgumentNullException.ThrowIfNull(endpoints);
        NostrRelay served = relay ?? endpoints.ServiceProvider.GetRequiredService<NostrRelay>();
        var operators = new OperatorFace(served, composed);
        served.Own(operators);
        var face = new RelayFace(served, operators);
        endpoints.MapGet("/metrics", (RequestDelegate)operators.MetricsAsync);
        endpoints.MapGet("/health", (RequestDelegate)operators.HealthAsync);
        endpoints.MapGet("/ready", (RequestDelegate)operators.ReadyAsync);
        endpoints.MapGet("/dashboard/style.css", (RequestDelegate)operators.StyleAsync);
        endpoints.MapGet("/dashboard/app.js", (RequestDelegate)operators.ScriptAsync);
        endpoints.MapGet("/dashboard/status", (RequestDelegate)operators.StatusAsync);
        endpoints.MapPost("/dashboard/query", (RequestDelegate)operators.QueryAsync);
        return endpoints.Map(pattern, (RequestDelegate)face.HandleAsync);
    }
}
