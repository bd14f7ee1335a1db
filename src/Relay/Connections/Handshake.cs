using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Mortise.Relay;

/// <summary>Turns an HTTP request into a WebSocket whose stream the relay keeps (RFC 6455, section 4.2).</summary>
/// <remarks>The framework's own middleware hides the stream; the relay writes many messages in one go, so it needs
/// it.</remarks>
internal static class Handshake
{
    private const string KeySuffix = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

    public static bool IsAsked(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method)
        && context.Features.Get<IHttpUpgradeFeature>() is { IsUpgradableRequest: true }
        && Names(context.Request.Headers.Upgrade, "websocket");

    /// <summary>Answers the handshake.</summary>
    /// <returns>Null when the request is not a proper one; then it was answered with 400 or 426.</returns>
    /// <param name="context">The request.</param>
    /// <param name="limits">Times.</param>
    /// <param name="mayCompress">Whether an offer of permessage-deflate is taken.</param>
    /// <param name="time">The clock.</param>
    public static async Task<(WebSocket Socket, SharedStream Stream, bool Compresses)?> AcceptAsync(
        HttpContext context, LimitOptions limits, bool mayCompress, TimeProvider time)
    {
        string? key = context.Request.Headers.SecWebSocketKey;
        if (context.Request.Headers.SecWebSocketVersion != "13")
        {
            context.Response.Headers.SecWebSocketVersion = "13";
            context.Response.StatusCode = StatusCodes.Status426UpgradeRequired;
            return null;
        }

        Span<byte> nonce = stackalloc byte[16];
        if (key is not { Length: 24 } || !Convert.TryFromBase64String(key, nonce, out int length) || length != 16)
        {
            context.Response.StatusCode = StatusCodes.Status400BadRequest;
            return null;
        }

        context.Response.Headers.Connection = "Upgrade";
        context.Response.Headers.Upgrade = "websocket";
        context.Response.Headers.SecWebSocketAccept = Accept(key);
        bool compresses = mayCompress && DeflateOffer.IsMade(context.Request.Headers.SecWebSocketExtensions);
        if (compresses)
        {
            context.Response.Headers.SecWebSocketExtensions = DeflateOffer.Answer;
        }

        Stream stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync()
            .ConfigureAwait(false);
        var shared = new SharedStream(stream, time);
        var socket = WebSocket.CreateFromStream(
            shared,
            new WebSocketCreationOptions
            {
                IsServer = true,
                KeepAliveInterval = limits.PingInterval,
                KeepAliveTimeout = limits.PingTimeout,

                // Inflates what comes in; what goes out is framed and compressed by the outbox.
                DangerousDeflateOptions = compresses
                    ? new WebSocketDeflateOptions { ClientContextTakeover = false, ServerContextTakeover = false }
                    : null,
            });
        return (socket, shared, compresses);
    }

    private static bool Names(string? header, string token) =>
        header is not null
        && header.Split(',', StringSplitOptions.TrimEntries).Contains(token, StringComparer.OrdinalIgnoreCase);

    private static string Accept(string key)
    {
#pragma warning disable CA5350 // RFC 6455 asks for SHA-1; nothing secret depends on it.
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + KeySuffix)));
#pragma warning restore CA5350
    }
}
