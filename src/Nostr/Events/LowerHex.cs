using System.Buffers;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Lower-case hexadecimal, the only spelling that Nostr knows.</summary>
internal static class LowerHex
{
    private static readonly SearchValues<byte> s_digits = SearchValues.Create("0123456789abcdef"u8);

    internal static bool IsLowerHex(ReadOnlySpan<byte> text) => text.IndexOfAnyExcept(s_digits) < 0;

    /// <summary>Unpacks exactly <c>2 * to.Length</c> lower-case digits; false leaves <paramref name="to"/>
    /// undefined.</summary>
    internal static bool TryDecode(ReadOnlySpan<byte> text, Span<byte> to) =>
        text.Length == 2 * to.Length && IsLowerHex(text)
        && Convert.FromHexString(text, to, out _, out _) == OperationStatus.Done;

    internal static void Decode(ReadOnlySpan<byte> text, Span<byte> to) => Invariant.Holds(TryDecode(text, to));

    internal static void Encode(ReadOnlySpan<byte> bytes, Span<byte> to) =>
        Invariant.Holds(Convert.TryToHexStringLower(bytes, to, out _));

    /// <summary>Whether the digits spell the bytes, without unpacking.</summary>
    internal static bool Spells(ReadOnlySpan<byte> text, ReadOnlySpan<byte> bytes)
    {
        if (text.Length != 2 * bytes.Length)
        {
            return false;
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            if (text[2 * i] != Digit(bytes[i] >> 4) || text[2 * i + 1] != Digit(bytes[i] & 15))
            {
                return false;
            }
        }

        return true;
    }

    private static byte Digit(int nibble) => (byte)(nibble < 10 ? '0' + nibble : 'a' - 10 + nibble);
}
