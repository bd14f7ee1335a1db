using System.Security.Cryptography;
using Mortise.Primitives;
using Org.BouncyCastle.Asn1.X9;
using Org.BouncyCastle.Crypto.EC;
using Org.BouncyCastle.Math;
using Org.BouncyCastle.Math.EC;
using Org.BouncyCastle.Utilities;
using ECCurve = Org.BouncyCastle.Math.EC.ECCurve;
using ECPoint = Org.BouncyCastle.Math.EC.ECPoint;

namespace Mortise.Nostr;

/// <summary>BIP-340 by the letter, on BouncyCastle's curve arithmetic.</summary>
internal sealed class ManagedSchnorr : Schnorr
{
    private static readonly X9ECParameters s_parameters = CustomNamedCurves.GetByName("secp256k1");
    private static readonly ECCurve s_curve = s_parameters.Curve;
    private static readonly BigInteger s_order = s_parameters.N;
    private static readonly BigInteger s_prime = s_curve.Field.Characteristic;

    private static readonly byte[] s_challengeTag = SHA256.HashData("BIP0340/challenge"u8);
    private static readonly byte[] s_auxiliaryTag = SHA256.HashData("BIP0340/aux"u8);
    private static readonly byte[] s_nonceTag = SHA256.HashData("BIP0340/nonce"u8);

    public override string Name => "managed (BouncyCastle)";

    private protected override bool VerifyCore(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        ReadOnlySpan<byte> r = signature[..KeyBytes];
        BigInteger s = Read(signature[KeyBytes..]);
        if (LiftX(publicKey) is not { } key || Read(r).CompareTo(s_prime) >= 0 || s.CompareTo(s_order) >= 0)
        {
            return false;
        }

        BigInteger e = Challenge(r, publicKey, message);
        BigInteger minusE = s_order.Subtract(e).Mod(s_order);
        ECPoint point = ECAlgorithms.SumOfTwoMultiplies(s_parameters.G, s, key, minusE).Normalize();
        return !point.IsInfinity
            && !point.AffineYCoord.TestBitZero()
            && r.SequenceEqual(point.AffineXCoord.GetEncoded());
    }

    private protected override bool SignCore(
        ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> auxiliary, Span<byte> signature)
    {
        if (!TryReadSecret(secretKey, out BigInteger secret, out ECPoint key))
        {
            return false;
        }

        if (key.AffineYCoord.TestBitZero())
        {
            secret = s_order.Subtract(secret);
        }

        byte[] x = key.AffineXCoord.GetEncoded();
        byte[] masked = TaggedHash(s_auxiliaryTag, auxiliary, default, default);
        byte[] even = Write(secret);
        for (int i = 0; i < masked.Length; i++)
        {
            masked[i] ^= even[i];
        }

        BigInteger nonce = Read(TaggedHash(s_nonceTag, masked, x, message)).Mod(s_order);
        Invariant.Holds(nonce.SignValue != 0);
        ECPoint point = s_parameters.G.Multiply(nonce).Normalize();
        if (point.AffineYCoord.TestBitZero())
        {
            nonce = s_order.Subtract(nonce);
        }

        byte[] r = point.AffineXCoord.GetEncoded();
        BigInteger e = Challenge(r, x, message);
        r.CopyTo(signature);
        Write(nonce.Add(e.Multiply(secret)).Mod(s_order)).CopyTo(signature[KeyBytes..]);

        // The BIP asks for it: a fault in the computation could give the secret away.
        Invariant.Holds(VerifyCore(x, message, signature));
        return true;
    }

    private protected override bool GetPublicKeyCore(ReadOnlySpan<byte> secretKey, Span<byte> publicKey)
    {
        if (!TryReadSecret(secretKey, out _, out ECPoint key))
        {
            return false;
        }

        key.AffineXCoord.GetEncoded().CopyTo(publicKey);
        return true;
    }

    private static bool TryReadSecret(ReadOnlySpan<byte> secretKey, out BigInteger secret, out ECPoint key)
    {
        secret = Read(secretKey);
        key = s_curve.Infinity;
        if (secret.SignValue == 0 || secret.CompareTo(s_order) >= 0)
        {
            return false;
        }

        key = s_parameters.G.Multiply(secret).Normalize();
        return true;
    }

    /// <summary>The point with this x and an even y; null when there is none.</summary>
    private static ECPoint? LiftX(ReadOnlySpan<byte> bytes)
    {
        BigInteger x = Read(bytes);
        if (x.CompareTo(s_prime) >= 0)
        {
            return null;
        }

        ECFieldElement fieldX = s_curve.FromBigInteger(x);
        ECFieldElement? y = fieldX.Square().Multiply(fieldX).Add(s_curve.B).Sqrt();
        return y is null ? null
            : s_curve.CreatePoint(x, (y.TestBitZero() ? y.Negate() : y).ToBigInteger());
    }

    private static BigInteger Challenge(
        ReadOnlySpan<byte> r, ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message) =>
        Read(TaggedHash(s_challengeTag, r, publicKey, message)).Mod(s_order);

    private static byte[] TaggedHash(
        byte[] tag, ReadOnlySpan<byte> first, ReadOnlySpan<byte> second, ReadOnlySpan<byte> third)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(tag);
        hash.AppendData(tag);
        hash.AppendData(first);
        hash.AppendData(second);
        hash.AppendData(third);
        return hash.GetHashAndReset();
    }

    private static BigInteger Read(ReadOnlySpan<byte> bytes) => new(1, bytes.ToArray());

    private static byte[] Write(BigInteger value) => BigIntegers.AsUnsignedByteArray(KeyBytes, value);
}
