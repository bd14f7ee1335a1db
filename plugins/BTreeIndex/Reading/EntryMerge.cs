namespace Mortise.BTreeIndex;

/// <summary>Merges sources into one sequence of keys, each once, with the entry of the lowest age. One thread; used for
/// one scan after another.</summary>
/// <remarks>A binary heap whose root is the current entry: when the root's source is far ahead of the others, as when one
/// run is much the largest, a step is two comparisons of heads.</remarks>
internal sealed class EntryMerge
{
    private EntrySource[] _all = new EntrySource[4];
    private EntrySource[] _heap = new EntrySource[4];
    private bool _isBackward;
    private int _skip;
    private int _sourceCount;
    private int _count;
    private bool _isStarted;

    /// <summary>Begins a scan without sources.</summary>
    /// <param name="isBackward">Whether they descend.</param>
    /// <param name="skip">Bytes that all keys share.</param>
    public void Begin(bool isBackward, int skip)
    {
        _isBackward = isBackward;
        _skip = skip;
        _count = 0;
        _isStarted = false;
    }

    /// <summary>Takes over a source that was not yet moved.</summary>
    public void Add(EntrySource source)
    {
        if (_sourceCount == _all.Length)
        {
            Array.Resize(ref _all, 2 * _sourceCount);
            Array.Resize(ref _heap, 2 * _sourceCount);
        }

        _all[_sourceCount++] = source;
    }

    /// <summary>The sources.</summary>
    public ReadOnlySpan<EntrySource> Sources => _all.AsSpan(0, _sourceCount);

    /// <summary>The source of the current entry.</summary>
    public EntrySource Current => _heap[0];

    public bool MoveNext()
    {
        if (!_isStarted)
        {
            _isStarted = true;
            foreach (EntrySource source in Sources)
            {
                if (source.MoveNext())
                {
                    _heap[_count++] = source;
                }
            }

            Heapify();
        }
        else if (_count > 0)
        {
            Step();
        }

        return SkipTombstones();
    }

    /// <summary>Moves on to the first entry at or beyond a key within the range, or stays when it is there.</summary>
    public bool Seek(ReadOnlySpan<byte> key)
    {
        // Those that stay are moved to the front, behind which none is read any more.
        ReadOnlySpan<EntrySource> candidates = _isStarted ? _heap.AsSpan(0, _count) : Sources;
        _isStarted = true;
        _count = 0;
        foreach (EntrySource source in candidates)
        {
            if (source.Seek(key))
            {
                _heap[_count++] = source;
            }
        }

        Heapify();
        return SkipTombstones();
    }

    /// <summary>Moves to the first entry when there was no move yet, and stays otherwise.</summary>
    public bool SeekFirst() => _isStarted ? _count > 0 : MoveNext();

    /// <summary>Ends it; <see cref="MoveNext"/> and <see cref="Seek"/> answer false from now on.</summary>
    public void End()
    {
        _isStarted = true;
        _count = 0;
    }

    /// <summary>Ends it and lets all runs go.</summary>
    public void Release()
    {
        End();
        foreach (EntrySource source in Sources)
        {
            source.Release();
        }

        _sourceCount = 0;
    }

    private bool SkipTombstones()
    {
        while (_count > 0 && _heap[0].IsTombstone)
        {
            Step();
        }

        return _count > 0;
    }

    private void Step()
    {
        while (_count > 1)
        {
            int second = _count > 2 && Compare(_heap[2], _heap[1]) < 0 ? 2 : 1;
            if (!HaveEqualKeys(_heap[second], _heap[0]))
            {
                break;
            }

            Advance(second);
        }

        Advance(0);
    }

    private void Advance(int at)
    {
        if (!_heap[at].MoveNext())
        {
            _heap[at] = _heap[--_count];
        }

        SiftDown(at);
    }

    private void Heapify()
    {
        for (int i = (_count / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }
    }

    private void SiftDown(int at)
    {
        if (at >= _count)
        {
            return;
        }

        EntrySource moving = _heap[at];
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _count)
            {
                break;
            }

            if (child + 1 < _count && Compare(_heap[child + 1], _heap[child]) < 0)
            {
                child++;
            }

            if (Compare(moving, _heap[child]) < 0)
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = moving;
    }

    private int Compare(EntrySource a, EntrySource b)
    {
        if (a.Head != b.Head)
        {
            return (a.Head < b.Head) ^ _isBackward ? -1 : 1;
        }

        int byRest = KeyHead.CompareRests(a.Key[_skip..], b.Key[_skip..]);
        return byRest == 0 ? a.Age - b.Age : _isBackward ? -byRest : byRest;
    }

    private static bool HaveEqualKeys(EntrySource a, EntrySource b) => a.Head == b.Head && a.Key.SequenceEqual(b.Key);
}
