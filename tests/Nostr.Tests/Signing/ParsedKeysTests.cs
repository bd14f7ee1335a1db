namespace Mortise.Nostr.Tests.Signing;

public sealed class ParsedKeysTests
{
    [NativeSchnorrFact]
    public void Keys_that_share_a_place_are_told_apart()
    {
        Schnorr schnorr = Schnorr.Native!;
        (Signed first, Signed second) = Neighbours(schnorr);
        for (int i = 0; i < 3; i++)
        {
            Assert.True(first.IsRight(schnorr, first.Key));
            Assert.False(first.IsRight(schnorr, second.Key));
            Assert.True(second.IsRight(schnorr, second.Key));
            Assert.False(second.IsRight(schnorr, first.Key));
        }
    }

    [NativeSchnorrFact]
    public void What_is_no_key_of_a_known_one_but_nearly_is_refused()
    {
        Schnorr schnorr = Schnorr.Native!;
        var signed = Signed.By(schnorr, 7);
        Assert.True(signed.IsRight(schnorr, signed.Key));
        for (int bit = 0; bit < 8 * Schnorr.KeyBytes; bit++)
        {
            byte[] other = [.. signed.Key];
            other[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(signed.IsRight(schnorr, other), $"bit {bit}");
        }

        Assert.True(signed.IsRight(schnorr, signed.Key));
    }

    [NativeSchnorrFact]
    public void A_known_key_makes_no_wrong_signature_right()
    {
        Schnorr schnorr = Schnorr.Native!;
        var signed = Signed.By(schnorr, 11);
        Assert.True(signed.IsRight(schnorr, signed.Key));
        for (int bit = 0; bit < 8 * Schnorr.SignatureBytes; bit++)
        {
            byte[] forged = [.. signed.Signature];
            forged[bit / 8] ^= (byte)(1 << (bit % 8));
            Assert.False(schnorr.Verify(signed.Key, signed.Message, forged), $"bit {bit}");
        }
    }

    [NativeSchnorrFact]
    public void Threads_that_displace_each_others_keys_are_answered_as_alone()
    {
        Schnorr schnorr = Schnorr.Native!;
        (Signed first, Signed second) = Neighbours(schnorr);
        Parallel.For(0, TestSeed.Soaked(2_000), i =>
        {
            (Signed own, Signed other) = i % 2 == 0 ? (first, second) : (second, first);
            Assert.True(own.IsRight(schnorr, own.Key));
            Assert.False(own.IsRight(schnorr, other.Key));
        });
    }

    /// <summary>Two signers whose keys have the same place.</summary>
    private static (Signed First, Signed Second) Neighbours(Schnorr schnorr)
    {
        var seen = new Dictionary<int, int>();
        byte[] key = new byte[Schnorr.KeyBytes];
        for (int secret = 1; ; secret++)
        {
            schnorr.GetPublicKey(Signed.Secret(secret), key);
            if (!seen.TryAdd(ParsedKeys.PlaceOf(key), secret))
            {
                return (Signed.By(schnorr, seen[ParsedKeys.PlaceOf(key)]), Signed.By(schnorr, secret));
            }
        }
    }

    private sealed record Signed(byte[] Key, byte[] Message, byte[] Signature)
    {
        public static byte[] Secret(int number)
        {
            byte[] secret = new byte[Schnorr.KeyBytes];
            BitConverter.TryWriteBytes(secret.AsSpan(1), number);
            return secret;
        }

        public static Signed By(Schnorr schnorr, int number)
        {
            byte[] key = new byte[Schnorr.KeyBytes];
            byte[] message = new byte[32];
            byte[] signature = new byte[Schnorr.SignatureBytes];
            message[0] = (byte)number;
            schnorr.GetPublicKey(Secret(number), key);
            schnorr.Sign(Secret(number), message, new byte[Schnorr.KeyBytes], signature);
            return new Signed(key, message, signature);
        }

        public bool IsRight(Schnorr schnorr, byte[] key) => schnorr.Verify(key, Message, Signature);
    }
}
