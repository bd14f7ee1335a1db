using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A scan's range and direction, owned: what all sources of one scan share.</summary>
internal sealed class ScanBounds
{
    private readonly byte[] _bytes;
    private readonly int _startLength;

    public ScanBounds(KeyRange range, ScanDirection direction)
    {
        if (direction is not (ScanDirection.Forward or ScanDirection.Backward))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "neither forward nor backward");
        }

        IsBackward = direction == ScanDirection.Backward;
        _startLength = range.Start.Length;
        _bytes = new byte[range.Start.Length + range.End.Length];
        range.Start.CopyTo(_bytes);
        range.End.CopyTo(_bytes.AsSpan(_startLength));
        Skip = range.Start.CommonPrefixLength(range.End);
        IsEmpty = !range.End.IsEmpty && range.Start.SequenceCompareTo(range.End) >= 0;
    }

    public ReadOnlySpan<byte> Start => _bytes.AsSpan(0, _startLength);

    public ReadOnlySpan<byte> End => _bytes.AsSpan(_startLength);

    public bool IsBackward { get; }

    public bool IsEmpty { get; }

    /// <summary>Bytes that all keys of the range share, being between two bounds that do.</summary>
    public int Skip { get; }

    public bool IsPastEnd(ReadOnlySpan<byte> key) => !End.IsEmpty && key.SequenceCompareTo(End) >= 0;

    public bool IsBeforeStart(ReadOnlySpan<byte> key) => key.SequenceCompareTo(Start) < 0;
}
