using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A scan's range and direction, copied: what all sources of one scan share. Used for one scan after
/// another.</summary>
internal sealed class ScanBounds
{
    private byte[] _bytes = new byte[128];
    private int _startLength;
    private int _endLength;

    /// <summary>Takes over another range.</summary>
    public void Set(KeyRange range, ScanDirection direction)
    {
        if (direction is not (ScanDirection.Forward or ScanDirection.Backward))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "neither forward nor backward");
        }

        IsBackward = direction == ScanDirection.Backward;
        _startLength = range.Start.Length;
        _endLength = range.End.Length;
        if (_bytes.Length < _startLength + _endLength)
        {
            _bytes = new byte[_startLength + _endLength];
        }

        range.Start.CopyTo(_bytes);
        range.End.CopyTo(_bytes.AsSpan(_startLength));
        Skip = range.Start.CommonPrefixLength(range.End);
        IsEmpty = !range.End.IsEmpty && range.Start.SequenceCompareTo(range.End) >= 0;
    }

    public ReadOnlySpan<byte> Start => _bytes.AsSpan(0, _startLength);

    public ReadOnlySpan<byte> End => _bytes.AsSpan(_startLength, _endLength);

    public bool IsBackward { get; private set; }

    public bool IsEmpty { get; private set; }

    /// <summary>Bytes that all keys of the range share, being between two bounds that do.</summary>
    public int Skip { get; private set; }

    public bool IsPastEnd(ReadOnlySpan<byte> key) => !End.IsEmpty && key.SequenceCompareTo(End) >= 0;

    public bool IsBeforeStart(ReadOnlySpan<byte> key) => key.SequenceCompareTo(Start) < 0;
}
