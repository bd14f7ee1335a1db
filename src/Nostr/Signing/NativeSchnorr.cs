using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>BIP-340 by libsecp256k1, which is looked for at run time and need not be there.</summary>
internal sealed unsafe class NativeSchnorr : Schnorr
{
    // SECP256K1_CONTEXT_SIGN | SECP256K1_CONTEXT_VERIFY: what every version up to now takes and old ones need.
    private const uint ContextFlags = 0x0301;

    private const int KeyPairBytes = 96;
    private const int PublicKeyBytes = ParsedKeys.PointBytes;

    private readonly ParsedKeys _keys = new();
    private readonly nint _context;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, int> _parseKey;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, byte*, int> _verify;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, int> _createKeyPair;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, int*, byte*, int> _publicOfKeyPair;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, int> _writeKey;
    private readonly delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, byte*, SignParameters*, int> _sign;

    private NativeSchnorr(string file, nint library)
    {
        Name = $"libsecp256k1 ({file})";
        _parseKey = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, int>)
            Export(library, "secp256k1_xonly_pubkey_parse");
        _verify = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, byte*, int>)
            Export(library, "secp256k1_schnorrsig_verify");
        _createKeyPair = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, int>)
            Export(library, "secp256k1_keypair_create");
        _publicOfKeyPair = (delegate* unmanaged[Cdecl]<nint, byte*, int*, byte*, int>)
            Export(library, "secp256k1_keypair_xonly_pub");
        _writeKey = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, int>)
            Export(library, "secp256k1_xonly_pubkey_serialize");
        _sign = (delegate* unmanaged[Cdecl]<nint, byte*, byte*, nuint, byte*, SignParameters*, int>)
            Export(library, "secp256k1_schnorrsig_sign_custom");

        var create = (delegate* unmanaged[Cdecl]<uint, nint>)Export(library, "secp256k1_context_create");
        var randomize = (delegate* unmanaged[Cdecl]<nint, byte*, int>)Export(library, "secp256k1_context_randomize");
        _context = create(ContextFlags);
        Invariant.Holds(_context != 0);

        // Blinds signing against side channels; results do not depend on it.
        Span<byte> blind = stackalloc byte[KeyBytes];
        RandomNumberGenerator.Fill(blind);
        fixed (byte* seed = blind)
        {
            Invariant.Holds(randomize(_context, seed) == 1);
        }
    }

    public override string Name { get; }

    /// <summary>Finds and loads the library; null when there is none with what is needed.</summary>
    /// <remarks>It stays loaded, with one context for all threads, until the process ends.</remarks>
    internal static Schnorr? TryLoad()
    {
        foreach (string file in FileNames())
        {
            if (NativeLibrary.TryLoad(file, out nint library))
            {
                // Before this export appeared, the verifying function took other parameters under the same name.
                if (NativeLibrary.TryGetExport(library, "secp256k1_schnorrsig_sign_custom", out _))
                {
                    return new NativeSchnorr(file, library);
                }

                NativeLibrary.Free(library);
            }
        }

        return null;
    }

    private protected override bool VerifyCore(
        ReadOnlySpan<byte> publicKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> signature)
    {
        fixed (byte* text = message, sig = signature)
        {
            if (_keys.TryFind(publicKey, out ParsedKeys.Point known))
            {
                return _verify(_context, sig, text, (nuint)message.Length, (byte*)&known) == 1;
            }

            ParsedKeys.Point point;
            fixed (byte* key = publicKey)
            {
                if (_parseKey(_context, (byte*)&point, key) != 1
                    || _verify(_context, sig, text, (nuint)message.Length, (byte*)&point) != 1)
                {
                    return false;
                }
            }

            // Only who has signed something is remembered: made-up keys displace nobody.
            _keys.Remember(publicKey, point);
            return true;
        }
    }

    private protected override bool SignCore(
        ReadOnlySpan<byte> secretKey, ReadOnlySpan<byte> message, ReadOnlySpan<byte> auxiliary, Span<byte> signature)
    {
        byte* pair = stackalloc byte[KeyPairBytes];
        bool signed;
        fixed (byte* secret = secretKey, text = message, extra = auxiliary, sig = signature)
        {
            var parameters = new SignParameters(extra);
            signed = _createKeyPair(_context, pair, secret) == 1
                && _sign(_context, sig, text, (nuint)message.Length, pair, &parameters) == 1;
        }

        CryptographicOperations.ZeroMemory(new Span<byte>(pair, KeyPairBytes));
        return signed;
    }

    private protected override bool GetPublicKeyCore(ReadOnlySpan<byte> secretKey, Span<byte> publicKey)
    {
        byte* pair = stackalloc byte[KeyPairBytes];
        byte* point = stackalloc byte[PublicKeyBytes];
        bool made;
        fixed (byte* secret = secretKey, key = publicKey)
        {
            made = _createKeyPair(_context, pair, secret) == 1;
            if (made)
            {
                Invariant.Holds(_publicOfKeyPair(_context, point, null, pair) == 1);
                Invariant.Holds(_writeKey(_context, key, point) == 1);
            }
        }

        CryptographicOperations.ZeroMemory(new Span<byte>(pair, KeyPairBytes));
        return made;
    }

    private static nint Export(nint library, string name) => NativeLibrary.GetExport(library, name);

    private static IEnumerable<string> FileNames()
    {
        // Version 0.2.0 is called .1, and releases that changed the interface counted on; all have what is used here.
        const int newest = 9;
        for (int version = newest; version >= 0; version--)
        {
            yield return OperatingSystem.IsWindows() ? $"libsecp256k1-{version}.dll"
                : OperatingSystem.IsMacOS() ? $"libsecp256k1.{version}.dylib"
                : $"libsecp256k1.so.{version}";
        }

        if (OperatingSystem.IsWindows())
        {
            yield return "secp256k1.dll";
        }
        else if (OperatingSystem.IsMacOS())
        {
            yield return "libsecp256k1.dylib";
            yield return "/opt/homebrew/lib/libsecp256k1.dylib";
        }
    }

    /// <summary>secp256k1_schnorrsig_extraparams: the default nonce function, and what it mixes in.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct SignParameters
    {
        private fixed byte _magic[4];
        private readonly nint _nonceFunction;
        private readonly byte* _nonceData;

        internal SignParameters(byte* nonceData)
        {
            _magic[0] = 0xDA;
            _magic[1] = 0x6F;
            _magic[2] = 0xB3;
            _magic[3] = 0x8C;
            _nonceFunction = 0;
            _nonceData = nonceData;
        }
    }
}
