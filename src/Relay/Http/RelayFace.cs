using System.Net.WebSockets;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Mortise.Relay;

/// <summary>What a relay's one address answers: a WebSocket, the NIP-11 document, or a page for people.</summary>
internal sealed class RelayFace(NostrRelay relay, OperatorFace operators)
{
    private const string DocumentType = "application/nostr+json";

    private readonly ManagementFace _management = new(relay);

    public async Task HandleAsync(HttpContext context)
    {
        if (Handshake.IsAsked(context))
        {
            await ServeSocketAsync(context).ConfigureAwait(false);
            return;
        }

        AllowEveryOrigin(context);
        if (HttpMethods.IsOptions(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status204NoContent;
        }
        else if (_management.IsOn && HttpMethods.IsPost(context.Request.Method)
            && context.Request.ContentType?.StartsWith(
                ManagementFace.ContentType, StringComparison.OrdinalIgnoreCase) == true)
        {
            await _management.HandleAsync(context).ConfigureAwait(false);
        }
        else if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method))
        {
            context.Response.Headers.Allow = "GET, HEAD, OPTIONS";
            context.Response.StatusCode = StatusCodes.Status405MethodNotAllowed;
        }
        else if (Accepts(context.Request, DocumentType))
        {
            await WriteAsync(context, DocumentType, Nip11Document.Write(relay)).ConfigureAwait(false);
        }
        else if (Accepts(context.Request, "text/html") && operators.ShowsDashboard(context))
        {
            context.Response.Headers.Vary = "Accept";
            await OperatorFace.WritePageAsync(context).ConfigureAwait(false);
        }
        else
        {
            context.Response.Headers.Vary = "Accept";
            await WriteAsync(
                context,
                "text/plain; charset=utf-8",
                Encoding.UTF8.GetBytes($"{relay.Name}: a Nostr relay. Connect with a Nostr client.\n"))
                .ConfigureAwait(false);
        }
    }

    internal static bool Accepts(HttpRequest request, string type)
    {
        foreach (string? header in request.Headers.Accept)
        {
            foreach (string one in (header ?? "").Split(','))
            {
                if (one.Split(';')[0].Trim().Equals(type, StringComparison.OrdinalIgnoreCase))
                {
                    return true;
                }
            }
        }

        return false;
    }

    internal static async Task WriteAsync(HttpContext context, string type, byte[] body)
    {
        context.Response.ContentType = type;
        context.Response.ContentLength = body.Length;
        context.Response.Headers.XContentTypeOptions = "nosniff";
        if (!HttpMethods.IsHead(context.Request.Method))
        {
            await context.Response.Body.WriteAsync(body, context.RequestAborted).ConfigureAwait(false);
        }
    }

    /// <summary>NIP-11: the three headers, on every answer. Before a page may send an Authorization header, which managing
    /// takes, a browser wants it by name: the star is not for it (Fetch Standard, 4.9).</summary>
    private static void AllowEveryOrigin(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.AccessControlAllowOrigin = "*";
        headers.AccessControlAllowHeaders = HttpMethods.IsOptions(context.Request.Method) ? "*, Authorization" : "*";
        headers.AccessControlAllowMethods = "*";
    }

    private async Task ServeSocketAsync(HttpContext context)
    {
        var client = ClientAddress.Of(context, relay.Options);
        string? refusal = relay.ConnectionRates.TryTake(client.Group)
            ? relay.Connections.TryEnter(client)
            : "rate-limited: too many new connections; slow down";
        if (refusal is not null)
        {
            relay.Metrics.Refused(refusal);
            context.Response.StatusCode = relay.IsStopping
                ? StatusCodes.Status503ServiceUnavailable
                : StatusCodes.Status429TooManyRequests;
            await WriteAsync(context, "text/plain; charset=utf-8", Encoding.UTF8.GetBytes(refusal + "\n"))
                .ConfigureAwait(false);
            return;
        }

        try
        {
            if (await Handshake
                .AcceptAsync(context, relay.Options.Limits, relay.Options.Compression, relay.Time)
                .ConfigureAwait(false) is not
                { Socket: WebSocket socket, Stream: SharedStream stream, Compresses: bool compresses })
            {
                return;
            }

            using var connection = new Connection(
                relay, socket, stream, compresses, client, context.Request.Host.Value ?? "", context.Abort);
            relay.Connections.Add(connection);
            try
            {
                await connection.RunAsync().ConfigureAwait(false);
            }
            finally
            {
                relay.Connections.Remove(connection);
            }
        }
        finally
        {
            relay.Connections.Leave(client);
        }
    }
}
