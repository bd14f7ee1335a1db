using System.Text;

namespace Mortise.Nostr;

/// <summary>A filter's condition on one tag name: some tag of that name has one of these first values.</summary>
/// <remarks>Immutable; any thread.</remarks>
public sealed class TagCondition : IEquatable<TagCondition>
{
    private readonly byte[][] _values;
    private readonly byte[][] _keys;

    private TagCondition(byte letter, byte[][] values)
    {
        Letter = letter;
        _values = values;
        Span<byte> scratch = stackalloc byte[IndexedValue.MaxBytes];
        _keys = new byte[values.Length][];
        for (int i = 0; i < values.Length; i++)
        {
            _keys[i] = scratch[..IndexedValue.Write(values[i], scratch)].ToArray();
        }

        Array.Sort(_keys, static (a, b) => a.AsSpan().SequenceCompareTo(b));
    }

    /// <summary>The tag's name: <c>a-z</c> or <c>A-Z</c>.</summary>
    public byte Letter { get; }

    /// <summary>Number of distinct values.</summary>
    public int Count => _values.Length;

    /// <summary>The values in UTF-8, ascending.</summary>
    public IReadOnlyList<ReadOnlyMemory<byte>> Values => Array.ConvertAll(_values, static v => (ReadOnlyMemory<byte>)v);

    /// <summary>The values as keys have them, ascending.</summary>
    internal ReadOnlySpan<byte[]> Keys => _keys;

    /// <summary>Makes a condition.</summary>
    /// <param name="letter">One of <c>a-z</c>, <c>A-Z</c>.</param>
    /// <param name="values">Compared byte by byte as UTF-8.</param>
    public static TagCondition Of(char letter, params ReadOnlySpan<string> values)
    {
        var bytes = new List<byte[]>(values.Length);
        foreach (string value in values)
        {
            bytes.Add(Encoding.UTF8.GetBytes(value));
        }

        return Of(letter <= 'z' ? (byte)letter : (byte)0, bytes);
    }

    /// <summary>Makes a condition of values in UTF-8.</summary>
    internal static TagCondition Of(byte letter, List<byte[]> values)
    {
        _ = FilterConditions.Tag(letter);
        values.Sort(static (a, b) => a.AsSpan().SequenceCompareTo(b));
        int kept = 0;
        for (int i = 0; i < values.Count; i++)
        {
            if (kept == 0 || !values[i].AsSpan().SequenceEqual(values[kept - 1]))
            {
                values[kept++] = values[i];
            }
        }

        values.RemoveRange(kept, values.Count - kept);
        return new TagCondition(letter, [.. values]);
    }

    /// <summary>True when a value, as <see cref="IndexedValue"/> writes it, is one of these.</summary>
    internal bool ContainsKey(ReadOnlySpan<byte> key)
    {
        int low = 0;
        int high = _keys.Length - 1;
        while (low <= high)
        {
            int middle = (int)((uint)(low + high) >> 1);
            int comparison = _keys[middle].AsSpan().SequenceCompareTo(key);
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
    public bool Equals(TagCondition? other)
    {
        if (other is null || other.Letter != Letter || other._values.Length != _values.Length)
        {
            return false;
        }

        for (int i = 0; i < _values.Length; i++)
        {
            if (!_values[i].AsSpan().SequenceEqual(other._values[i]))
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => Equals(obj as TagCondition);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        hash.Add(Letter);
        foreach (byte[] value in _values)
        {
            hash.AddBytes(value);
        }

        return hash.ToHashCode();
    }
}
