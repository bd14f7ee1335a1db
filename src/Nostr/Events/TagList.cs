namespace Mortise.Nostr;

/// <summary>The tags of an event, in place and in order.</summary>
/// <remarks>
/// <para>Buffers: a view; it dies with the record's bytes.</para>
/// <para>Errors: walking throws <see cref="StorageException"/> (<see cref="StorageErrorCode.Corrupt"/>) where the bytes
/// contradict the format; it never reads beyond them.</para>
/// </remarks>
public readonly ref struct TagList
{
    private readonly ReadOnlySpan<byte> _section;

    internal TagList(int count, ReadOnlySpan<byte> section)
    {
        Count = count;
        _section = section;
    }

    /// <summary>Tags, 0 or more.</summary>
    public int Count { get; }

    /// <summary>The tags in order.</summary>
    public Enumerator GetEnumerator() => new(_section, Count);

    /// <summary>Walks the tags of an event.</summary>
    public ref struct Enumerator
    {
        private readonly ReadOnlySpan<byte> _section;
        private int _left;
        private int _position;

        internal Enumerator(ReadOnlySpan<byte> section, int count)
        {
            _section = section;
            _left = count;
        }

        /// <summary>The tag reached.</summary>
        public TagView Current { get; private set; }

        /// <summary>Goes on to the next tag.</summary>
        /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/>.</exception>
        public bool MoveNext()
        {
            if (_left == 0)
            {
                if (_position != _section.Length)
                {
                    throw EventFormat.Corrupt($"{_section.Length - _position} bytes after the last tag");
                }

                return false;
            }

            _left--;
            Current = TagCodec.ReadTag(_section, ref _position);
            return true;
        }
    }
}
