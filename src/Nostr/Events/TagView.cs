namespace Mortise.Nostr;

/// <summary>One tag, a list of strings, in place.</summary>
/// <remarks>Buffers: a view; it dies with the record's bytes.</remarks>
public readonly ref struct TagView
{
    private readonly ReadOnlySpan<byte> _values;

    internal TagView(int count, ReadOnlySpan<byte> values)
    {
        Count = count;
        _values = values;
    }

    /// <summary>Strings in the tag, 0 or more; the first is its name.</summary>
    public int Count { get; }

    /// <summary>One string. Walks from the first: use the enumerator to see all.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Not from 0 to <see cref="Count"/> - 1.</exception>
    public TagValue this[int index]
    {
        get
        {
            ArgumentOutOfRangeException.ThrowIfNegative(index);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, Count);
            int position = 0;
            for (int i = 0; i < index; i++)
            {
                TagCodec.SkipValue(_values, ref position);
            }

            return TagCodec.ReadValue(_values, ref position);
        }
    }

    /// <summary>Whether the tag has a name, and it is this single letter.</summary>
    public bool IsNamed(byte letter) =>
        Count > 0 && _values[0] == TagCodec.OneByteValue && _values[1] == letter;

    /// <summary>Whether the tag has a name, and it is this one.</summary>
    public bool IsNamed(ReadOnlySpan<byte> utf8) => Count > 0 && this[0].EqualsUtf8(utf8);

    /// <summary>The strings in order.</summary>
    public Enumerator GetEnumerator() => new(_values, Count);

    /// <summary>Walks the strings of a tag.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _values;
        private int _left;
        private int _position;

        internal Enumerator(ReadOnlySpan<byte> values, int count)
        {
            _values = values;
            _left = count;
        }

        /// <summary>The string reached.</summary>
        public TagValue Current { get; private set; }

        /// <summary>Goes on to the next string.</summary>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                return false;
            }

            _left--;
            Current = TagCodec.ReadValue(_values, ref _position);
            return true;
        }
    }
}
