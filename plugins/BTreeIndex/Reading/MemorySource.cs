namespace Mortise.BTreeIndex;

/// <summary>The entries of a memory run in a range.</summary>
internal sealed class MemorySource : EntrySource
{
    private MemoryRun _run = null!;
    private bool _isBackward;
    private int _skip;
    private int _low;
    private int _high;
    private int _at;

    /// <summary>Begins before the first entry of a range.</summary>
    public void Set(MemoryRun run, ScanBounds bounds, int age)
    {
        Age = age;
        _run = run;
        _isBackward = bounds.IsBackward;
        _skip = bounds.Skip;
        (_low, _high) = run.Between(bounds.Start, bounds.End);
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

    public override void Release()
    {
        _run = null!;
        _low = 0;
        _high = 0;
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
