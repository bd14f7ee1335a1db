using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mortise.Nostr;

/// <summary>Someone who writes sample events. The secret key follows from the seed, so it is no secret.</summary>
internal sealed class SampleAuthor
{
    private readonly byte[] _secretKey = new byte[Schnorr.KeyBytes];
    private readonly Schnorr _schnorr;

    internal SampleAuthor(Schnorr schnorr, ulong seed, int number)
    {
        _schnorr = schnorr;
        Span<byte> text = stackalloc byte[16 + 12];
        "mortise sample 1"u8.CopyTo(text);
        BinaryPrimitives.WriteUInt64LittleEndian(text[16..], seed);
        BinaryPrimitives.WriteInt32LittleEndian(text[24..], number);
        SHA256.HashData(text, _secretKey);

        byte[] publicKey = new byte[Schnorr.KeyBytes];
        schnorr.GetPublicKey(_secretKey, publicKey);
        PublicKey = publicKey;
        Hex = Convert.ToHexStringLower(publicKey);
    }

    internal ReadOnlyMemory<byte> PublicKey { get; }

    internal string Hex { get; }

    internal NostrEvent Sign(long createdAt, int kind, TagListWriter tags, string content) =>
        NostrEvent.CreateSigned(_schnorr, _secretKey, PublicKey.Span, createdAt, kind, tags, content);
}
