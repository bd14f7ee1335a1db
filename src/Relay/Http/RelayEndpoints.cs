using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Mortise.Host.Composition;

namespace Mortise.Relay;

/// <summary>Puts a relay into an ASP.NET Core program.</summary>
public static class RelayEndpoints
{
    // What watches a relay often asks for the head alone.
    private static readonly string[] s_reading = [HttpMethods.Get, HttpMethods.Head];

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
        endpoints.MapMethods("/metrics", s_reading, (RequestDelegate)operators.MetricsAsync);
        endpoints.MapMethods("/health", s_reading, (RequestDelegate)operators.HealthAsync);
        endpoints.MapMethods("/ready", s_reading, (RequestDelegate)operators.ReadyAsync);
        endpoints.MapMethods("/dashboard/style.css", s_reading, (RequestDelegate)operators.StyleAsync);
        endpoints.MapMethods("/dashboard/app.js", s_reading, (RequestDelegate)operators.ScriptAsync);
        endpoints.MapMethods("/dashboard/status", s_reading, (RequestDelegate)operators.StatusAsync);
        endpoints.MapPost("/dashboard/query", (RequestDelegate)operators.QueryAsync);
        return endpoints.Map(pattern, (RequestDelegate)face.HandleAsync);
    }
}
