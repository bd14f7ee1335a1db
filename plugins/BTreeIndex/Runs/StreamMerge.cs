namespace Mortise.BTreeIndex;

/// <summary>Merges runs as they are read from the file, each key once, with the entry of the newest run. One thread.</summary>
/// <remarks>Runs are few, so the least of their heads is found by looking at them all; keys are compared where heads are
/// equal.</remarks>
/// <param name="newestFirst">Not yet moved.</param>
/// <param name="keepTombstones">True to see tombstones instead of nothing.</param>
internal sealed class StreamMerge(RunStream[] newestFirst, bool keepTombstones)
{
    private readonly RunStream[] _streams = [.. newestFirst];
    private readonly ulong[] _heads = new ulong[newestFirst.Length];
    private int _count = -1;
    private int _current;

    /// <summary>The stream of the current entry.</summary>
    public RunStream Current => _streams[_current];

    public bool MoveNext()
    {
        if (_count < 0)
        {
            Start();
        }
        else if (_count > 0)
        {
            Advance(_current);
        }

        while (_count > 0)
        {
            Select();
            if (keepTombstones || !Current.IsTombstone)
            {
                return true;
            }

            Advance(_current);
        }

        return false;
    }

    private void Start()
    {
        _count = 0;
        foreach (RunStream stream in newestFirst)
        {
            if (stream.MoveNext())
            {
                _heads[_count] = stream.Head;
                _streams[_count++] = stream;
            }
        }
    }

    private void Advance(int at)
    {
        if (_streams[at].MoveNext())
        {
            _heads[at] = _streams[at].Head;
            return;
        }

        _count--;
        Array.Copy(_streams, at + 1, _streams, at, _count - at);
        Array.Copy(_heads, at + 1, _heads, at, _count - at);
    }

    private void Select()
    {
        ReadOnlySpan<ulong> heads = _heads.AsSpan(0, _count);
        int least = 0;
        for (int i = 1; i < heads.Length; i++)
        {
            least = heads[i] < heads[least] ? i : least;
        }

        _current = least;
        if (heads[(least + 1)..].Contains(heads[least]))
        {
            SelectAmongEqualHeads(heads[least]);
        }
    }

    /// <summary>Takes the least key of those with one head, from the newest stream that has it, and drops the older
    /// entries of that key.</summary>
    private void SelectAmongEqualHeads(ulong head)
    {
        for (int i = _current + 1; i < _count; i++)
        {
            if (_heads[i] == head && KeyHead.CompareRests(_streams[i].Key, Current.Key) < 0)
            {
                _current = i;
            }
        }

        // Backwards, so that a stream that ends moves none that is still to be looked at.
        for (int i = _count - 1; i > _current; i--)
        {
            if (_heads[i] == head && _streams[i].Key.SequenceEqual(Current.Key))
            {
                Advance(i);
            }
        }
    }
}
