using System.Buffers.Binary;
using System.Security.Cryptography;

namespace Mortise.Nostr;

/// <summary>How a tag's value is written into a key: a 2-byte big-endian head, then the body.</summary>
/// <remarks>
/// <para>Head 0 to 512: that many bytes of UTF-8 follow. <see cref="HexHead"/>: the value is 64 lower-case hexadecimal
/// digits and their 32 bytes follow. <see cref="HashHead"/>: the value is longer than 512 bytes and its SHA-256
/// follows.</para>
/// <para>The head says the length, so no value's bytes begin another's. A function of the value alone: how the record
/// keeps the value does not matter.</para>
/// </remarks>
internal static class IndexedValue
{
    /// <summary>The longest value that is written whole, in bytes of UTF-8.</summary>
    public const int MaxWholeBytes = 512;

    /// <summary>The head of a value of 64 lower-case hexadecimal digits.</summary>
    public const ushort HexHead = 0xFFFE;

    /// <summary>The head of a value longer than <see cref="MaxWholeBytes"/>.</summary>
    public const ushort HashHead = 0xFFFF;

    /// <summary>The longest encoding, in bytes.</summary>
    public const int MaxBytes = sizeof(ushort) + MaxWholeBytes;

    private const int HexDigits = 64;
    private const int PackedBytes = 32;

    /// <summary>Writes a value given as UTF-8.</summary>
    /// <param name="utf8">The value.</param>
    /// <param name="to">At least <see cref="MaxBytes"/> long.</param>
    /// <returns>Bytes written.</returns>
    public static int Write(ReadOnlySpan<byte> utf8, Span<byte> to)
    {
        if (utf8.Length == HexDigits && LowerHex.TryDecode(utf8, to.Slice(sizeof(ushort), PackedBytes)))
        {
            BinaryPrimitives.WriteUInt16BigEndian(to, HexHead);
            return sizeof(ushort) + PackedBytes;
        }

        if (utf8.Length > MaxWholeBytes)
        {
            BinaryPrimitives.WriteUInt16BigEndian(to, HashHead);
            SHA256.HashData(utf8, to[sizeof(ushort)..]);
            return sizeof(ushort) + PackedBytes;
        }

        BinaryPrimitives.WriteUInt16BigEndian(to, (ushort)utf8.Length);
        utf8.CopyTo(to[sizeof(ushort)..]);
        return sizeof(ushort) + utf8.Length;
    }

    /// <summary>Writes a value whose 32 bytes are known to be what 64 lower-case digits say.</summary>
    public static int WritePacked(ReadOnlySpan<byte> packed, Span<byte> to)
    {
        BinaryPrimitives.WriteUInt16BigEndian(to, HexHead);
        packed[..PackedBytes].CopyTo(to[sizeof(ushort)..]);
        return sizeof(ushort) + PackedBytes;
    }
}
