using System.Text;

namespace Mortise.Nostr;

/// <summary>A relay as a request to vanish names it: ASCII letters in lower case, slashes at the end cut.</summary>
internal static class RelayName
{
    /// <summary>What names every relay, normalized.</summary>
    public static ReadOnlySpan<byte> All => "all_relays"u8;

    public static byte[] Normalize(in TagValue value)
    {
        byte[] text = new byte[value.Utf8Length];
        value.CopyUtf8To(text);
        return Normalize(text);
    }

    public static byte[] Normalize(string url) => Normalize(Encoding.UTF8.GetBytes(url));

    private static byte[] Normalize(byte[] text)
    {
        Ascii.ToLowerInPlace(text, out _);
        return text.AsSpan().TrimEnd((byte)'/').ToArray();
    }
}
