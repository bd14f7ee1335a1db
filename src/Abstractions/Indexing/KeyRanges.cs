namespace Mortise.Indexing;

/// <summary>Several ranges of keys, for a call that looks into all of them.</summary>
/// <remarks>Buffers: refers to the caller's memory.</remarks>
public readonly ref struct KeyRanges
{
    private readonly ReadOnlySpan<byte> _keys;
    private readonly ReadOnlySpan<int> _ends;

    /// <summary>Makes a list of ranges.</summary>
    /// <param name="keys">First the start and the end of range 0, then those of range 1, and so on, with nothing
    /// between them. An empty one means what it does in <see cref="KeyRange"/>.</param>
    /// <param name="ends">Where each of them ends in <paramref name="keys"/>: two places a range, none below the one
    /// before.</param>
    /// <exception cref="ArgumentException">An odd number of ends.</exception>
    public KeyRanges(ReadOnlySpan<byte> keys, ReadOnlySpan<int> ends)
    {
        if (ends.Length % 2 != 0)
        {
            throw new ArgumentException($"{ends.Length} ends; a range has two", nameof(ends));
        }

        _keys = keys;
        _ends = ends;
    }

    /// <summary>How many there are.</summary>
    public int Count => _ends.Length / 2;

    /// <summary>One of them.</summary>
    /// <param name="index">0 to <see cref="Count"/>, excluded.</param>
    public KeyRange this[int index]
    {
        get
        {
            int end = _ends[(2 * index) + 1];
            int middle = _ends[2 * index];
            int start = index == 0 ? 0 : _ends[(2 * index) - 1];
            return new KeyRange(_keys[start..middle], _keys[middle..end]);
        }
    }
}
