namespace Mortise.Relay;

/// <summary>The handshake of permessage-deflate (RFC 7692, section 7.1), without context takeover on either side.</summary>
/// <remarks>Each message is compressed alone: a connection keeps no window, and what one message says cannot be guessed
/// from the length of another.</remarks>
internal static class DeflateOffer
{
    /// <summary>What the answer to an offer that is taken says.</summary>
    public const string Answer = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    private const int MaxWindowBits = 15;

    /// <summary>True when a client offers a variant that this relay can keep.</summary>
    /// <param name="extensions">The header <c>Sec-WebSocket-Extensions</c>.</param>
    public static bool IsMade(IEnumerable<string?> extensions)
    {
        foreach (string? header in extensions)
        {
            foreach (string offer in (header ?? "").Split(','))
            {
                string[] parts = offer.Split(';', StringSplitOptions.TrimEntries);
                if (parts[0].Equals("permessage-deflate", StringComparison.OrdinalIgnoreCase)
                    && parts.AsSpan(1).ToArray().All(IsKept))
                {
                    return true;
                }
            }
        }

        return false;
    }

    private static bool IsKept(string parameter)
    {
        int equals = parameter.IndexOf('=', StringComparison.Ordinal);
        string name = (equals < 0 ? parameter : parameter[..equals]).Trim();
        string value = equals < 0 ? "" : parameter[(equals + 1)..].Trim().Trim('"');
        return name.ToUpperInvariant() switch
        {
            "SERVER_NO_CONTEXT_TAKEOVER" or "CLIENT_NO_CONTEXT_TAKEOVER" => equals < 0,

            // Whatever the client promises of its own window is fine; the relay's own is the largest.
            "CLIENT_MAX_WINDOW_BITS" => equals < 0 || IsWindow(value, out _),
            "SERVER_MAX_WINDOW_BITS" => IsWindow(value, out int bits) && bits == MaxWindowBits,
            _ => false,
        };
    }

    private static bool IsWindow(string value, out int bits) => int.TryParse(value, out bits) && bits is >= 8 and <= 15;
}
