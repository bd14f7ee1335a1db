using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Mortise.Nostr;

/// <summary>A set of 32-byte values, event ids or public keys, in ascending order.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed class IdSet : IEquatable<IdSet>
{
    /// <summary>Bytes of one value.</summary>
    public const int ValueBytes = 32;

    private readonly byte[] _values;

    private IdSet(byte[] values) => _values = values;

    /// <summary>The set of no values.</summary>
    public static IdSet Empty { get; } = new([]);

    /// <summary>Number of distinct values.</summary>
    public int Count => _values.Length / ValueBytes;

    /// <summary>A value by its rank; 32 bytes.</summary>
    public ReadOnlySpan<byte> this[int index] => _values.AsSpan(index * ValueBytes, ValueBytes);

    /// <summary>Makes a set of values laid end to end.</summary>
    /// <param name="packed">A multiple of 32 bytes, any order, duplicates allowed; copied.</param>
    /// <exception cref="ArgumentException">The length is not a multiple of 32.</exception>
    public static IdSet FromBytes(ReadOnlySpan<byte> packed)
    {
        if (packed.Length % ValueBytes != 0)
        {
            throw new ArgumentException(
                $"{packed.Length} bytes are not a whole number of 32-byte values", nameof(packed));
        }

        byte[] values = packed.ToArray();
        Span<Value> typed = MemoryMarshal.Cast<byte, Value>(values.AsSpan());
        typed.Sort(static (a, b) => a.CompareTo(b));
        int kept = 0;
        for (int i = 0; i < typed.Length; i++)
        {
            if (kept == 0 || typed[i].CompareTo(typed[kept - 1]) != 0)
            {
                typed[kept++] = typed[i];
            }
        }

        return new IdSet(kept == typed.Length ? values : values[..(kept * ValueBytes)]);
    }

    /// <summary>Makes a set of values in hexadecimal.</summary>
    /// <param name="hex">Each 64 lower-case digits.</param>
    /// <exception cref="ArgumentException">A value is not that.</exception>
    public static IdSet FromHex(params ReadOnlySpan<string> hex)
    {
        byte[] packed = new byte[hex.Length * ValueBytes];
        for (int i = 0; i < hex.Length; i++)
        {
            if (!LowerHex.TryDecode(Encoding.UTF8.GetBytes(hex[i]), packed.AsSpan(i * ValueBytes, ValueBytes)))
            {
                throw new ArgumentException($"'{hex[i]}' is not 64 lower-case hexadecimal digits", nameof(hex));
            }
        }

        return FromBytes(packed);
    }

    /// <summary>True when the value is in the set.</summary>
    public bool Contains(ReadOnlySpan<byte> value)
    {
        if (value.Length != ValueBytes)
        {
            return false;
        }

        int low = 0;
        int high = Count - 1;
        while (low <= high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            int comparison = this[middle].SequenceCompareTo(value);
            if (comparison == 0)
            {
                return true;
            }

            if (comparison < 0)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return false;
    }

    /// <inheritdoc/>
    public bool Equals(IdSet? other) => other is not null && _values.AsSpan().SequenceEqual(other._values);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as IdSet);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.AddBytes(_values);
        return hash.ToHashCode();
    }

    /// <summary>32 bytes in place, for sorting.</summary>
    [StructLayout(LayoutKind.Sequential, Pack = 1)]
    private readonly struct Value : IComparable<Value>
    {
        private readonly ulong _a;
        private readonly ulong _b;
        private readonly ulong _c;
        private readonly ulong _d;

        public int CompareTo(Value other)
        {
            int comparison = Compare(_a, other._a);
            comparison = comparison != 0 ? comparison : Compare(_b, other._b);
            comparison = comparison != 0 ? comparison : Compare(_c, other._c);
            return comparison != 0 ? comparison : Compare(_d, other._d);
        }

        // The bytes are in their own order, so numbers compare as big-endian ones.
        private static int Compare(ulong a, ulong b) => BitConverter.IsLittleEndian
            ? BinaryPrimitives.ReverseEndianness(a).CompareTo(BinaryPrimitives.ReverseEndianness(b))
            : a.CompareTo(b);
    }
}
