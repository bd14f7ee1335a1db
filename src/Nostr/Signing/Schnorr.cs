namespace Mortise.Nostr;

/// <summary>BIP-340 signatures on secp256k1.</summary>
/// <remarks>Threads: any number at once.</remarks>
public abstract class Schnorr
{
    private static readonly Lazy<Schnorr?> s_native = new(NativeSchnorr.TryLoad);

    private protected Schnorr()
    {
    }

    /// <summary>Bytes of a secret key, of a public key, and of auxiliary randomness.</summary>
    public const int KeyBytes = 32;

    /// <summary>Bytes of a signature.</summary>
    public const int SignatureBytes = 64;

    /// <summary>libsecp256k1, found when first asked for; null where it is not installed or is too old.</summary>
    public static Schnorr? Native => s_native.Value;

    /// <summary>Without any native library: correct, and some thirty times slower. Not hardened against side channels:
    /// verify with it, and sign nothing that matters.</summary>
    public static Schnorr Managed { get; } = new ManagedSchnorr();

    /// <summary><see cref="Native"/> if there is one, else <see cref="Managed"/>.</summary>
    public static Schnorr Default => Native ?? Managed;

    /// <summary>What it is, for people.</summary>
    public abstract string Name { get; }

    /// <summary>Whether a signature is the key's signature of the message. Never throws because of what the bytes
    /// are.</summary>
    /// <param name="publicKey">The x-only key, 32 bytes.</param>
    /// <param name="message">Of any length; an event's id for events.</param>
    /// <param name="signature">64 bytes.</param>
    public bool Verify(ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        CheckLength(publicKey.Length, KeyBytes, nameof(publicKey));
        CheckLength(signature.Length, SignatureBytes, nameof(signature));
        return VerifyCore(publicKey, message, signature);
    }

    /// <summary>Signs a message.</summary>
    /// <param name="secretKey">32 bytes, from 1 to the group's order less 1.</param>
    /// <param name="message">Of any length.</param>
    /// <param name="auxiliary">32 bytes: fresh randomness, or fixed ones where the signature must be
    /// reproducible.</param>
    /// <param name="signature">Receives 64 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong, or the secret key is not a key.</exception>
    public void Sign(
        ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> auxiliary, Span<byte> signature)
    {
        CheckLength(secretKey.Length, KeyBytes, nameof(secretKey));
        CheckLength(auxiliary.Length, KeyBytes, nameof(auxiliary));
        CheckLength(signature.Length, SignatureBytes, nameof(signature));
        if (!SignCore(secretKey, message, auxiliary, signature))
        {
            throw NotAKey(nameof(secretKey));
        }
    }

    /// <summary>The public key of a secret one.</summary>
    /// <param name="secretKey">32 bytes, from 1 to the group's order less 1.</param>
    /// <param name="publicKey">Receives 32 bytes.</param>
    /// <exception cref="ArgumentException">A length is wrong, or the secret key is not a key.</exception>
    public void GetPublicKey(ReadOnlySpan<byte> secretKey, Span<byte> publicKey)
    {
        CheckLength(secretKey.Length, KeyBytes, nameof(secretKey));
        CheckLength(publicKey.Length, KeyBytes, nameof(publicKey));
        if (!GetPublicKeyCore(secretKey, publicKey))
        {
            throw NotAKey(nameof(secretKey));
        }
    }

    private protected abstract bool VerifyCore(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature);

    private protected abstract bool SignCore(
        ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> auxiliary, Span<byte> signature);

    private protected abstract bool GetPublicKeyCore(ReadOnlySpan<byte> secretKey, Span<byte> publicKey);

    private static void CheckLength(int found, int expected, string name)
    {
        if (found != expected)
        {
            throw new ArgumentException($"{found} bytes; expected {expected}", name);
        }
    }

    private static ArgumentException NotAKey(string name) => new("not from 1 to the group's order less 1", name);
}
