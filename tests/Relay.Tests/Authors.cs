using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>Keys and events of tests.</summary>
internal static class Authors
{
    public static byte[] Alice { get; } = Secret(1);

    public static byte[] Bob { get; } = Secret(2);

    public static byte[] Carol { get; } = Secret(3);

    public static long Now => DateTimeOffset.UtcNow.ToUnixTimeSeconds();

    public static byte[] Secret(int number)
    {
        byte[] secret = new byte[32];
        secret[30] = (byte)(number >> 8);
        secret[31] = (byte)number;
        return secret;
    }

    public static string PublicKey(byte[] secret)
    {
        byte[] key = new byte[32];
        Schnorr.Default.GetPublicKey(secret, key);
        return Convert.ToHexStringLower(key);
    }

    public static NostrEvent Note(byte[] secret, string content, long age = 0, int kind = 1, params string[][] tags) =>
        NostrEvent.CreateSigned(secret, Now - age, kind, content, tags);
}
