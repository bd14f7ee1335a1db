using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using Mortise.Primitives;

namespace Mortise.Nostr;

/// <summary>Reads tags out of a record's bytes, which are not trusted.</summary>
internal static class TagCodec
{
    /// <summary>The head of a value of one byte that is not packed.</summary>
    internal const byte OneByteValue = 1 << 1;

    /// <summary>Reads a tag, having checked that all of its values end within the section.</summary>
    internal static TagView ReadTag(ReadOnlySpan<byte> section, scoped ref int position)
    {
        ulong count = ReadVarint(section, ref position);

        // Each value takes a byte at least, so a count beyond the rest is a lie and would make the loop long.
        if (count > (ulong)(section.Length - position))
        {
            ThrowCorrupt($"a tag of {count} values in {section.Length - position} bytes");
        }

        int start = position;
        for (int i = 0; i < (int)count; i++)
        {
            SkipValue(section, ref position);
        }

        return new TagView((int)count, section[start..position]);
    }

    internal static TagValue ReadValue(ReadOnlySpan<byte> values, scoped ref int position)
    {
        ulong head = ReadVarint(values, ref position);
        int length = CheckLength(head >> 1, values.Length - position);
        ReadOnlySpan<byte> bytes = values.Slice(position, length);
        position += length;
        return new TagValue((head & 1) != 0, bytes);
    }

    internal static void SkipValue(ReadOnlySpan<byte> values, scoped ref int position)
    {
        ulong head = ReadVarint(values, ref position);
        position += CheckLength(head >> 1, values.Length - position);
    }

    /// <summary>Skips a length and as many bytes.</summary>
    internal static void SkipBytes(ReadOnlySpan<byte> bytes, scoped ref int position)
    {
        ulong length = ReadVarint(bytes, ref position);
        position += CheckLength(length, bytes.Length - position);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal static ulong ReadVarint(ReadOnlySpan<byte> bytes, scoped ref int position)
    {
        if ((uint)position < (uint)bytes.Length && bytes[position] < 0x80)
        {
            return bytes[position++];
        }

        return ReadLongVarint(bytes, ref position);
    }

    private static ulong ReadLongVarint(ReadOnlySpan<byte> bytes, scoped ref int position)
    {
        int read = Varint.TryRead(bytes[position..], out ulong value);
        if (read == 0)
        {
            ThrowCorrupt($"no length at byte {position} of {bytes.Length}");
        }

        position += read;
        return value;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int CheckLength(ulong length, int left)
    {
        if (length > (ulong)left)
        {
            ThrowCorrupt($"a length of {length} where {left} bytes are left");
        }

        return (int)length;
    }

    [DoesNotReturn]
    private static void ThrowCorrupt(string fact) => throw EventFormat.Corrupt(fact);
}
