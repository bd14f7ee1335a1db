namespace Mortise.Relay;

/// <summary>The names that the relay goes by, which authentication has to name.</summary>
/// <remarks>Where the operator has named none, only this machine's own names count: a host that a client merely claims
/// could be that of another relay, whose visitors' signatures it forwards.</remarks>
internal sealed class RelayAddress(IEnumerable<string> urls)
{
    private readonly HashSet<string> _names =
        [.. urls.Select(static u => NameOf(u) ?? throw new ArgumentException($"'{u}' is not a ws or wss URL", nameof(urls)))];

    /// <summary>True when the operator has named the relay.</summary>
    public bool IsConfigured => _names.Count > 0;

    /// <summary>Whether a URL is this relay's.</summary>
    /// <param name="url">What was signed.</param>
    /// <param name="host">The host that the client called, with its port.</param>
    public bool IsNamedBy(string url, string host)
    {
        string? name = NameOf(url);
        return name is not null
            && (IsConfigured ? _names.Contains(name) : IsLocal(url) && name == NameOf($"ws://{host}"));
    }

    /// <summary>Whether a URL names a relay.</summary>
    public static bool IsName(string url) => NameOf(url) is not null;

    private static bool IsLocal(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed)
        && ClientAddress.IsLocalName(parsed.Host);

    /// <summary>Host, port and path: the scheme tells what a proxy in front does, not who the relay is.</summary>
    private static string? NameOf(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out Uri? parsed) && parsed.Scheme is "ws" or "wss" or "http" or "https"
            ? $"{parsed.IdnHost}:{(parsed.IsDefaultPort ? "" : parsed.Port)}{parsed.AbsolutePath.TrimEnd('/')}"
            : null;
}
