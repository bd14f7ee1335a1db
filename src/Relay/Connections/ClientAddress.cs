using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;

namespace Mortise.Relay;

/// <summary>Where a client comes from.</summary>
/// <param name="Address">The address, as far as it is known.</param>
/// <param name="Group">What limits count: the address, or the /64 network of an IPv6 one.</param>
internal readonly record struct ClientAddress(IPAddress Address, string Group)
{
    public static ClientAddress Of(HttpContext context, RelayOptions options)
    {
        IPAddress address = Plain(context.Connection.RemoteIpAddress ?? IPAddress.None);
        if (options.TrustedProxies.Any(p => IPAddress.TryParse(p, out IPAddress? proxy) && Plain(proxy).Equals(address)))
        {
            // The last entry is the one that the trusted proxy wrote; those before are the client's word.
            string last = context.Request.Headers["X-Forwarded-For"].ToString().Split(',')[^1].Trim();
            address = IPAddress.TryParse(last, out IPAddress? forwarded) ? Plain(forwarded) : address;
        }

        return new ClientAddress(address, GroupOf(address));
    }

    /// <summary>Whether a request comes from a program on this machine that speaks for nobody else.</summary>
    public static bool IsLocal(HttpContext context) =>
        IPAddress.IsLoopback(Plain(context.Connection.RemoteIpAddress ?? IPAddress.None))
        && !context.Request.Headers.ContainsKey("X-Forwarded-For")
        && !context.Request.Headers.ContainsKey("Forwarded")
        && !context.Request.Headers.ContainsKey("X-Real-IP");

    /// <summary>Whether a host is this machine, by a name that no stranger can give it.</summary>
    public static bool IsLocalName(string host) =>
        host == "localhost"
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    private static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    private static string GroupOf(IPAddress address) =>
        address.AddressFamily != AddressFamily.InterNetworkV6
            ? address.ToString()
            : Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) + "::/64";
}
