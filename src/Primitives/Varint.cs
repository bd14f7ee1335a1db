namespace Mortise.Primitives;

/// <summary>Unsigned LEB128 integers: seven bits a byte, low bits first, the high bit says that more follow.</summary>
public static class Varint
{
    /// <summary>The longest encoding of a 64-bit value, in bytes.</summary>
    public const int MaxBytes = 10;

    /// <summary>Bytes that <see cref="Write"/> needs for a value, 1 to <see cref="MaxBytes"/>.</summary>
    public static int Size(ulong value) => (63 - System.Numerics.BitOperations.LeadingZeroCount(value | 1)) / 7 + 1;

    /// <summary>Writes a value at the start of a span.</summary>
    /// <returns>Bytes written.</returns>
    /// <exception cref="IndexOutOfRangeException">The span is too short; part of it may have been written.</exception>
    public static int Write(Span<byte> to, ulong value)
    {
        int i = 0;
        while (value >= 0x80)
        {
            to[i++] = (byte)(value | 0x80);
            value >>= 7;
        }

        to[i++] = (byte)value;
        return i;
    }

    /// <summary>Reads a value from the start of a span of untrusted bytes.</summary>
    /// <param name="from">The bytes.</param>
    /// <param name="value">The value, 0 on failure.</param>
    /// <returns>Bytes read; 0 when the bytes end early, exceed 64 bits, or are longer than needed.</returns>
    public static int TryRead(ReadOnlySpan<byte> from, out ulong value)
    {
        value = 0;
        int length = Math.Min(from.Length, MaxBytes);
        for (int i = 0; i < length; i++)
        {
            byte b = from[i];
            if (i == MaxBytes - 1 && b > 1)
            {
                break;
            }

            value |= (ulong)(b & 0x7F) << (7 * i);
            if (b < 0x80)
            {
                if (b == 0 && i > 0)
                {
                    break;
                }

                return i + 1;
            }
        }

        value = 0;
        return 0;
    }
}
