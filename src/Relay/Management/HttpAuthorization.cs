using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Mortise.Nostr;

namespace Mortise.Relay;

/// <summary>Who asks over HTTP, proven by a signed event (NIP-98) that names the body too.</summary>
internal static class HttpAuthorization
{
    private const string Scheme = "Nostr ";
    private const int MaxHeader = 8_192;
    private static readonly TimeSpan s_window = TimeSpan.FromSeconds(60);

    /// <summary>Checks a request's proof.</summary>
    /// <returns>The key that signed it, or what is wrong.</returns>
    public static (PublicKey Key, string? Problem) Check(NostrRelay relay, HttpContext context, byte[] body)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) || header.Length > MaxHeader)
        {
            return (default, "an Authorization header of the scheme Nostr (NIP-98) is missing");
        }

        byte[] json = new byte[header.Length];
        if (!Convert.TryFromBase64String(header[Scheme.Length..].Trim(), json, out int length)
            || !EventJson.TryParse(json.AsSpan(0, length), out NostrEvent? proof, out _))
        {
            return (default, "the Authorization header does not hold an event");
        }

        EventView view = proof.View;
        long now = relay.Time.GetUtcNow().ToUnixTimeSeconds();
        string payload = Convert.ToHexStringLower(SHA256.HashData(body));
        string? problem =
            view.Kind != EventFacts.HttpAuthKind ? $"the proof is not of kind {EventFacts.HttpAuthKind}"
            : Math.Abs((decimal)view.CreatedAt - now) > (decimal)s_window.TotalSeconds ? "the proof is not of now"
            : !relay.Address.IsNamedBy(EventFacts.Find(view, "u"u8) ?? "", context.Request.Host.Value ?? "")
                ? "the proof is for another address"
            : EventFacts.Find(view, "method"u8) != context.Request.Method ? "the proof is for another method"
            : !CryptographicOperations.FixedTimeEquals(
                Encoding.ASCII.GetBytes(payload), Encoding.UTF8.GetBytes(EventFacts.Find(view, "payload"u8) ?? ""))
                ? "the proof does not name this body"
            : relay.Verifier.Verify(view) != VerifyResult.Ok ? "the proof's id or signature is wrong"
            : null;
        return (PublicKey.Read(view.PublicKey), problem);
    }
}
