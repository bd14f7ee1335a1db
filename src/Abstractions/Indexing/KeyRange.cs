namespace Mortise.Indexing;

/// <summary>A range of keys: from <see cref="Start"/> (included) to <see cref="End"/> (excluded).</summary>
/// <remarks>An empty start is "from the first key"; an empty end is "to the last key" (no key sorts before the empty
/// one, so an empty end would otherwise never be useful). Empty when start is not before a non-empty end.</remarks>
public readonly ref struct KeyRange
{
    /// <summary>Makes a range.</summary>
    /// <param name="start">First key wanted; empty for no bound.</param>
    /// <param name="end">First key not wanted; empty for no bound.</param>
    public KeyRange(ReadOnlySpan<byte> start, ReadOnlySpan<byte> end)
    {
        Start = start;
        End = end;
    }

    /// <summary>Every key.</summary>
    public static KeyRange All => default;

    /// <summary>First key wanted; empty for no bound.</summary>
    public ReadOnlySpan<byte> Start { get; }

    /// <summary>First key not wanted; empty for no bound.</summary>
    public ReadOnlySpan<byte> End { get; }

    /// <summary>True when a key is in the range.</summary>
    public bool Contains(ReadOnlySpan<byte> key) =>
        key.SequenceCompareTo(Start) >= 0 && (End.IsEmpty || key.SequenceCompareTo(End) < 0);

    /// <summary>All keys that begin with a prefix.</summary>
    /// <param name="prefix">Any bytes; empty gives every key.</param>
    /// <param name="scratch">At least as long as the prefix; must live as long as the range.</param>
    public static KeyRange WithPrefix(ReadOnlySpan<byte> prefix, Span<byte> scratch)
    {
        int length = prefix.Length;
        while (length > 0 && prefix[length - 1] == 0xFF)
        {
            length--;
        }

        if (length == 0)
        {
            // All bytes are 0xFF: no key sorts after every extension of the prefix.
            return new KeyRange(prefix, default);
        }

        Span<byte> end = scratch[..length];
        prefix[..length].CopyTo(end);
        end[^1]++;
        return new KeyRange(prefix, end);
    }
}
