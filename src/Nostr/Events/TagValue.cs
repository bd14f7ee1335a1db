using System.Text;

namespace Mortise.Nostr;

/// <summary>One string of a tag, in place.</summary>
/// <remarks>
/// <para>Buffers: a view; it dies with the record's bytes.</para>
/// <para>Equal strings have equal <see cref="IsHex"/> and equal <see cref="Bytes"/>, so the two may be compared instead
/// of the text.</para>
/// </remarks>
public readonly ref struct TagValue
{
    internal TagValue(bool isHex, ReadOnlySpan<byte> bytes)
    {
        IsHex = isHex;
        Bytes = bytes;
    }

    /// <summary>True when the string is <c>2 * Bytes.Length</c> lower-case hexadecimal digits, 16 at least, that spell
    /// <see cref="Bytes"/>; false when <see cref="Bytes"/> is the string itself in UTF-8.</summary>
    public bool IsHex { get; }

    /// <summary>The string, or what its digits spell; see <see cref="IsHex"/>.</summary>
    public ReadOnlySpan<byte> Bytes { get; }

    /// <summary>Bytes of the string in UTF-8.</summary>
    public int Utf8Length => IsHex ? 2 * Bytes.Length : Bytes.Length;

    /// <summary>Writes the string in UTF-8.</summary>
    /// <param name="to">At least <see cref="Utf8Length"/> bytes.</param>
    /// <returns>Bytes written, <see cref="Utf8Length"/>.</returns>
    /// <exception cref="ArgumentException"><paramref name="to"/> is too short. Nothing was written.</exception>
    public int CopyUtf8To(Span<byte> to)
    {
        int length = Utf8Length;
        if (to.Length < length)
        {
            throw new ArgumentException($"{length} bytes do not fit into {to.Length}", nameof(to));
        }

        if (IsHex)
        {
            LowerHex.Encode(Bytes, to[..length]);
        }
        else
        {
            Bytes.CopyTo(to);
        }

        return length;
    }

    /// <summary>Whether the string is this one.</summary>
    public bool EqualsUtf8(ReadOnlySpan<byte> utf8) => IsHex ? LowerHex.Spells(utf8, Bytes) : Bytes.SequenceEqual(utf8);

    /// <summary>Whether two views show the same string.</summary>
    public bool Equals(TagValue other) => IsHex == other.IsHex && Bytes.SequenceEqual(other.Bytes);

    /// <summary>The string; allocates.</summary>
    public override string ToString() => IsHex ? Convert.ToHexStringLower(Bytes) : Encoding.UTF8.GetString(Bytes);
}
