namespace Mortise.BTreeIndex;

/// <summary>The entries of a memory run in a range.</summary>
internal sealed class MemorySource : EntrySource
{
    private readonly MemoryRun _run;
    private readonly bool _isBackward;
    private readonly int _skip;
    private readonly int _low;
    private readonly int _high;
    private int _at;

    public MemorySource(MemoryRun run, ScanBounds bounds)
    {
        _run = run;
        _isBackward = bounds.IsBackward;
        _skip = bounds.Skip;
        _low = bounds.Start.IsEmpty ? 0 : run.LowerBound(bounds.Start);
        _high = bounds.End.IsEmpty ? run.Count : run.LowerBound(bounds.End);
        _at = _isBackward ? _high : _low - 1;
    }

    public bool IsEmpty => _low >= _high;

    public override ReadOnlySpan<byte> Key => _run.Key(_at);

    public override ReadOnlySpan<byte> Value => _run.Value(_at);

    public override bool IsTombstone => _run.IsTombstone(_at);

    public override bool MoveNext() => _isBackward ? MoveTo(_at - 1) : MoveTo(_at + 1);

    public override bool Seek(ReadOnlySpan<byte> key)
    {
        int to = _run.LowerBound(key);
        if (_isBackward)
        {
            bool isThere = to < _run.Count && _run.Key(to).SequenceEqual(key);
            return MoveTo(Math.Min(_at, isThere ? to : to - 1));
        }

        return MoveTo(Math.Max(_at, to));
    }

    public override void Dispose()
    {
    }

    private bool MoveTo(int index)
    {
        if (index < _low || index >= _high)
        {
            _at = _isBackward ? _low - 1 : _high;
            return false;
        }

        _at = index;
        Head = _skip == 0 ? _run.Head(index) : KeyHead.Of(_run.Key(index)[_skip..]);
        return true;
    }
}
