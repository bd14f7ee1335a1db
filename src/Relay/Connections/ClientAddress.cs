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
        string[] forwarded = context.Request.Headers["X-Forwarded-For"].ToString().Split(',');

        // The last entry is the one that the trusted proxy wrote, and where that is another trusted proxy, the one before
        // it is believed too; those before are the client's word. Some proxies write the port as well.
        for (int i = forwarded.Length - 1; i >= 0 && IsTrusted(address, options); i--)
        {
            if (!IPEndPoint.TryParse(forwarded[i].Trim(), out IPEndPoint? from))
            {
                break;
            }

            address = Plain(from.Address);
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
        host.Equals("localhost", StringComparison.OrdinalIgnoreCase)
        || (IPAddress.TryParse(host.Trim('[', ']'), out IPAddress? address) && IPAddress.IsLoopback(address));

    /// <summary>Whether an address is a proxy whose word is believed.</summary>
    public static bool IsTrusted(IPAddress address, RelayOptions options) =>
        options.TrustedProxies.Any(p => IPAddress.TryParse(p, out IPAddress? proxy) && Plain(proxy).Equals(address));

    /// <summary>An IPv4 address as such, also when it came in the clothes of IPv6.</summary>
    public static IPAddress Plain(IPAddress address) =>
        address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;

    /// <summary>What limits count.</summary>
    public static string GroupOf(IPAddress address) =>
        address.AddressFamily != AddressFamily.InterNetworkV6
            ? address.ToString()
            : Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8)) + "::/64";
}
