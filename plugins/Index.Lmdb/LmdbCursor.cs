using Mortise.Indexing;

namespace Mortise.Index.Lmdb;

/// <summary>A position in a range. Walks lists of long keys as if they were entries.</summary>
internal sealed unsafe class LmdbCursor : IIndexCursor
{
    private readonly LmdbSnapshot _snapshot;
    private readonly LmdbEnvironment _environment;
    private readonly byte[] _start;
    private readonly byte[] _end;
    private readonly bool _isForward;
    private readonly List<(int Tail, int TailLength, int Value, int ValueLength)> _items = [];
    private nint _cursor;
    private Native.Value _name;
    private Native.Value _data;
    private byte[] _key = [];
    private int _keyLength;
    private int _item;
    private State _state;

    public LmdbCursor(
        LmdbSnapshot snapshot, LmdbEnvironment environment, nint cursor, KeyRange range, ScanDirection direction)
    {
        _snapshot = snapshot;
        _environment = environment;
        _cursor = cursor;
        _start = range.Start.ToArray();
        _end = range.End.ToArray();
        _isForward = direction == ScanDirection.Forward;
    }

    private enum State
    {
        Before = 1,
        At = 2,
        After = 3,
    }

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Key => IsList ? _key.AsSpan(0, _keyLength) : _name.Span[1..];

    /// <inheritdoc/>
    public ReadOnlySpan<byte> Value => IsList
        ? _data.Span.Slice(_items[_item].Value, _items[_item].ValueLength)
        : _data.Span;

    private bool IsList => (int)_name.Size > _environment.DirectBytes;

    /// <inheritdoc/>
    public bool MoveNext()
    {
        ObjectDisposedException.ThrowIf(_cursor == 0, this);
        bool found = _state switch
        {
            State.After => false,
            State.At => Step(),
            _ => _isForward ? ToFirst(_start, isIncluded: true) : ToLastBefore(_end, isIncluded: false),
        };
        return Settle(found);
    }

    /// <inheritdoc/>
    public bool Seek(ReadOnlySpan<byte> key)
    {
        ObjectDisposedException.ThrowIf(_cursor == 0, this);
        if (_state == State.After)
        {
            return false;
        }

        int order = _state == State.At ? Key.SequenceCompareTo(key) : 0;
        if (_state == State.At && (_isForward ? order >= 0 : order <= 0))
        {
            return true;
        }

        if (_isForward)
        {
            return Settle(key.SequenceCompareTo(_start) > 0 ? ToFirst(key, true) : ToFirst(_start, true));
        }

        return Settle(_end.Length > 0 && key.SequenceCompareTo(_end) >= 0
            ? ToLastBefore(_end, isIncluded: false)
            : ToLastBefore(key, isIncluded: true));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        if (_cursor != 0)
        {
            _snapshot.Close(_cursor);
            _cursor = 0;
        }
    }

    /// <summary>The entry counts only inside the range.</summary>
    private bool Settle(bool found)
    {
        if (found)
        {
            found = _isForward
                ? _end.Length == 0 || Key.SequenceCompareTo(_end) < 0
                : Key.SequenceCompareTo(_start) >= 0;
        }

        _state = found ? State.At : State.After;
        return found;
    }

    private bool Step()
    {
        int next = _isForward ? _item + 1 : _item - 1;
        if (next >= 0 && next < _items.Count)
        {
            Show(next);
            return true;
        }

        return Move(_isForward ? Native.Next : Native.Previous) && ShowEdge();
    }

    /// <summary>To the first entry at or behind a key.</summary>
    private bool ToFirst(ReadOnlySpan<byte> key, bool isIncluded)
    {
        bool found = SetRange(key);
        while (found && (Key.SequenceCompareTo(key) is var order && (isIncluded ? order < 0 : order <= 0)))
        {
            found = _item + 1 < _items.Count ? ShowNext() : Move(Native.Next) && ShowFirst();
        }

        return found;
    }

    /// <summary>To the last entry before a key, or at it when it is included; the last of all when the key is
    /// empty and not included.</summary>
    private bool ToLastBefore(ReadOnlySpan<byte> key, bool isIncluded)
    {
        bool found;
        if (key.IsEmpty && !isIncluded)
        {
            found = Move(Native.Last);
        }
        else
        {
            found = SetRange(key) || Move(Native.Last);
        }

        found = found && ShowLast();
        while (found && !(key.IsEmpty && !isIncluded)
            && (Key.SequenceCompareTo(key) is var order && (isIncluded ? order > 0 : order >= 0)))
        {
            found = _item > 0 ? ShowPrevious() : Move(Native.Previous) && ShowLast();
        }

        return found;
    }

    private bool SetRange(ReadOnlySpan<byte> key)
    {
        int stored = Math.Min(key.Length, _environment.DirectBytes);
        byte* bytes = stackalloc byte[stored + 1];
        bytes[0] = LmdbFormat.EntryTag;
        key[..stored].CopyTo(new Span<byte>(bytes + 1, stored));
        _name = new Native.Value(bytes, stored + 1);
        return Move(Native.SetRange) && ShowFirst();
    }

    /// <summary>Moves in LMDB; what it finds is a key of ours or the state, which sorts before all keys.</summary>
    private bool Move(int operation)
    {
        _items.Clear();
        _item = 0;
        int error;
        fixed (Native.Value* name = &_name, data = &_data)
        {
            error = Native.Move(_cursor, name, data, operation);
        }

        if (error == Native.NotFound)
        {
            return false;
        }

        _environment.Check(error, "read");
        if (_name.Span[0] != LmdbFormat.EntryTag)
        {
            return false;
        }

        if (IsList)
        {
            ReadList();
        }

        return true;
    }

    private void ReadList()
    {
        ReadOnlySpan<byte> whole = _data.Span;
        ReadOnlySpan<byte> left = whole;
        while (LmdbFormat.TryTake(ref left, out ReadOnlySpan<byte> rest, out ReadOnlySpan<byte> value))
        {
            int end = whole.Length - left.Length;
            _items.Add((end - value.Length - rest.Length, rest.Length, end - value.Length, value.Length));
        }

        if (_items.Count == 0)
        {
            throw StorageException.Corrupt(LmdbIndex.DataFile, -1, "a list of long keys is empty");
        }
    }

    private bool ShowEdge() => _isForward ? ShowFirst() : ShowLast();

    private bool ShowFirst()
    {
        Show(0);
        return true;
    }

    private bool ShowLast()
    {
        Show(Math.Max(0, _items.Count - 1));
        return true;
    }

    private bool ShowNext()
    {
        Show(_item + 1);
        return true;
    }

    private bool ShowPrevious()
    {
        Show(_item - 1);
        return true;
    }

    private void Show(int item)
    {
        _item = item;
        if (!IsList)
        {
            return;
        }

        (int rest, int restLength, _, _) = _items[item];
        _keyLength = _environment.DirectBytes + restLength;
        if (_key.Length < _keyLength)
        {
            _key = new byte[LmdbFormat.MaxKeyBytes];
        }

        _name.Span[1..].CopyTo(_key);
        _data.Span.Slice(rest, restLength).CopyTo(_key.AsSpan(_environment.DirectBytes));
    }
}
