using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;

namespace Mortise.Host.Installing;

/// <summary>A publisher's public key: RSA of 2048 bits or more (PSS), or ECDSA on P-256, P-384 or P-521;
/// SHA-256.</summary>
/// <remarks>The key's kind decides how a signature is checked; nothing in a signature does.</remarks>
public sealed class PublisherKey
{
    private const int LeastRsaBits = 2048;

    private static readonly Func<AsymmetricAlgorithm>[] s_kinds = [ECDsa.Create, RSA.Create];

    // The curves that ECDSA keys of .NET have on every platform.
    private static readonly string[] s_curves = ["1.2.840.10045.3.1.7", "1.3.132.0.34", "1.3.132.0.35"];

    private readonly byte[] _subjectPublicKeyInfo;

    private PublisherKey(byte[] subjectPublicKeyInfo)
    {
        _subjectPublicKeyInfo = subjectPublicKeyInfo;
        Id = Convert.ToHexStringLower(SHA256.HashData(subjectPublicKeyInfo))[..16];
    }

    /// <summary>The first 16 digits of the SHA-256 of the key; for people, and to find the signature that is
    /// meant.</summary>
    public string Id { get; }

    /// <summary>Reads a key in PEM, public or private; of a private one only the public part is kept.</summary>
    /// <param name="pem">The text.</param>
    /// <exception cref="CryptographicException">It is no such key.</exception>
    public static PublisherKey ReadPem(string pem)
    {
        using AsymmetricAlgorithm key = ImportPem(pem);
        return Check(key.ExportSubjectPublicKeyInfo(), out string? objection) ?? throw new CryptographicException(objection);
    }

    /// <summary>Reads a key as <see cref="ToString"/> writes it.</summary>
    /// <param name="base64">The subject public key info, in base64.</param>
    /// <param name="key">The key.</param>
    public static bool TryParse(string base64, [NotNullWhen(true)] out PublisherKey? key)
    {
        byte[] bytes = new byte[base64?.Length ?? 0];
        key = Convert.TryFromBase64String(base64 ?? "", bytes, out int length) ? Check(bytes[..length], out _) : null;
        return key is not null;
    }

    /// <summary>Signs with a private key.</summary>
    /// <param name="privatePem">The private key, in PEM.</param>
    /// <param name="data">What is signed.</param>
    /// <exception cref="CryptographicException">It is no private key of a kind that is taken.</exception>
    public static byte[] Sign(string privatePem, ReadOnlySpan<byte> data)
    {
        using AsymmetricAlgorithm key = ImportPem(privatePem);
        return key switch
        {
            ECDsa ec => ec.SignData(data, HashAlgorithmName.SHA256),
            RSA rsa => rsa.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => throw new CryptographicException("the key cannot sign"),
        };
    }

    /// <summary>True when the signature is this key's, over these bytes.</summary>
    public bool Verify(ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using AsymmetricAlgorithm key = Import(_subjectPublicKeyInfo)!;
        return key switch
        {
            ECDsa ec => ec.VerifyData(data, signature, HashAlgorithmName.SHA256),
            RSA rsa => rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pss),
            _ => false,
        };
    }

    /// <summary>The subject public key info, in base64.</summary>
    public override string ToString() => Convert.ToBase64String(_subjectPublicKeyInfo);

    private static PublisherKey? Check(byte[] subjectPublicKeyInfo, out string? objection)
    {
        using AsymmetricAlgorithm? key = Import(subjectPublicKeyInfo);
        objection = key switch
        {
            null => "the key is neither RSA nor ECDSA",
            RSA { KeySize: < LeastRsaBits } rsa => $"an RSA key of {rsa.KeySize} bits; at least {LeastRsaBits}",
            ECDsa ec when !s_curves.Contains(ec.ExportParameters(false).Curve.Oid.Value ?? "") =>
                "an ECDSA key on another curve than P-256, P-384 and P-521",
            _ => null,
        };
        return objection is null ? new PublisherKey(subjectPublicKeyInfo) : null;
    }

    private static AsymmetricAlgorithm? Import(byte[] subjectPublicKeyInfo)
    {
        foreach (Func<AsymmetricAlgorithm> create in s_kinds)
        {
            AsymmetricAlgorithm key = create();
            try
            {
                key.ImportSubjectPublicKeyInfo(subjectPublicKeyInfo, out int read);
                if (read == subjectPublicKeyInfo.Length)
                {
                    return key;
                }
            }
            catch (CryptographicException)
            {
                // A key of another kind; the next one may take it.
            }

            key.Dispose();
        }

        return null;
    }

    private static AsymmetricAlgorithm ImportPem(string pem)
    {
        foreach (Func<AsymmetricAlgorithm> create in s_kinds)
        {
            AsymmetricAlgorithm key = create();
            try
            {
                key.ImportFromPem(pem);
                return key;
            }
            catch (Exception e) when (e is CryptographicException or ArgumentException)
            {
                key.Dispose();
            }
        }

        throw new CryptographicException("no RSA or ECDSA key in PEM");
    }
}
