using Mortise.Indexing;

namespace Mortise.Reference;

/// <summary>A cursor: a position between two others.</summary>
internal sealed class IndexStateCursor : IIndexCursor
{
    private readonly IndexState _state;
    private readonly int _first;
    private readonly int _end;
    private readonly int _step;
    private int _at;
    private bool _disposed;

    public IndexStateCursor(IndexState state, int first, int end, ScanDirection direction)
    {
        _state = state;
        _first = first;
        _end = end;
        _step = direction == ScanDirection.Forward ? 1 : -1;
        _at = _step > 0 ? first - 1 : end;
    }

    public ReadOnlySpan<byte> Key => Current.Key;

    public ReadOnlySpan<byte> Value => Current.Value;

    private bool IsInside => _first <= _at && _at < _end;

    private IndexEntry Current
    {
        get
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            return _state.Entries[_at];
        }
    }

    public bool MoveNext() => MoveTo(_at + _step);

    public bool Seek(ReadOnlySpan<byte> key)
    {
        int target = _state.CountBefore(key);
        if (_step < 0 && (target == _state.Entries.Count || !_state.Entries[target].Key.AsSpan().SequenceEqual(key)))
        {
            target--;
        }

        int next = IsInside ? _at : _at + _step;
        return MoveTo(_step > 0 ? Math.Max(target, next) : Math.Min(target, next));
    }

    public void Dispose() => _disposed = true;

    private bool MoveTo(int position)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        _at = Math.Clamp(position, _first - 1, _end);
        return IsInside;
    }
}
