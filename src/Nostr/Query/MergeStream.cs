using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Merges the ranges of one access path, newest first, with a binary heap over one cursor a range.</summary>
internal sealed class MergeStream : EntryStream
{
    private readonly FamilyCursor[] _cursors;
    private readonly Head[] _heap;
    private readonly byte[][] _inline;
    private long _closedPartitions;
    private int _size;
    private int _inlineSlot;
    private bool _started;

    /// <param name="path">A path over newest-first ranges.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="wantsRecords">True to keep records that entries hold inline.</param>
    public MergeStream(AccessPath path, in QueryWindow window, bool wantsRecords)
    {
        _cursors = new FamilyCursor[path.Count];
        _heap = new Head[path.Count];
        int inlineBytes = wantsRecords ? path.Family.InlineBelowBytes : 0;
        _inline = inlineBytes == 0 ? [] : [new byte[inlineBytes], new byte[inlineBytes]];
        try
        {
            for (int i = 0; i < _cursors.Length; i++)
            {
                _cursors[i] = path.OpenCursor(i, window);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public override long Partitions
    {
        get
        {
            long sum = _closedPartitions;
            foreach (FamilyCursor? cursor in _cursors)
            {
                sum += cursor?.PartitionsOpened ?? 0;
            }

            return sum;
        }
    }

    public override bool MoveNext(out Entry entry)
    {
        if (!_started)
        {
            Start();
        }
        else if (_size > 0)
        {
            AdvanceTop();
        }

        if (_size == 0)
        {
            entry = default;
            return false;
        }

        ref readonly Head top = ref _heap[0];
        entry = new Entry(top.Order, top.Location, -1, 0);
        if (_inline.Length > 0)
        {
            ReadOnlySpan<byte> record = _cursors[top.Cursor].Inline;
            if (!record.IsEmpty)
            {
                _inlineSlot ^= 1;
                if (record.Length > _inline[_inlineSlot].Length)
                {
                    Array.Resize(ref _inline[_inlineSlot], record.Length);
                }

                record.CopyTo(_inline[_inlineSlot]);
                entry = entry with { InlineSlot = _inlineSlot, InlineLength = record.Length };
            }
        }

        return true;
    }

    public override ReadOnlySpan<byte> Inline(in Entry entry) =>
        entry.InlineSlot < 0 ? default : _inline[entry.InlineSlot].AsSpan(0, entry.InlineLength);

    public override void Dispose()
    {
        for (int i = 0; i < _cursors.Length; i++)
        {
            Close(i);
        }

        _size = 0;
    }

    private void Start()
    {
        _started = true;
        for (int i = 0; i < _cursors.Length; i++)
        {
            if (TryRead(i, out Head head))
            {
                _heap[_size++] = head;
            }
        }

        for (int i = (_size / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }
    }

    private void AdvanceTop()
    {
        if (TryRead(_heap[0].Cursor, out Head head))
        {
            _heap[0] = head;
        }
        else
        {
            _heap[0] = _heap[--_size];
        }

        SiftDown(0);
    }

    private bool TryRead(int index, out Head head)
    {
        FamilyCursor cursor = _cursors[index];
        if (!cursor.MoveNext())
        {
            Close(index);
            head = default;
            return false;
        }

        Examined++;
        head = new Head(OrderKey.Read(cursor.Key), cursor.Location, index);
        return true;
    }

    private void Close(int index)
    {
        if (_cursors[index] is { } cursor)
        {
            _closedPartitions += cursor.PartitionsOpened;
            cursor.Dispose();
            _cursors[index] = null!;
        }
    }

    private void SiftDown(int at)
    {
        Head moving = _heap[at];
        while (true)
        {
            int child = (2 * at) + 1;
            if (child >= _size)
            {
                break;
            }

            if (child + 1 < _size && _heap[child + 1].CompareTo(_heap[child]) < 0)
            {
                child++;
            }

            if (_heap[child].CompareTo(moving) >= 0)
            {
                break;
            }

            _heap[at] = _heap[child];
            at = child;
        }

        _heap[at] = moving;
    }

    private readonly record struct Head(OrderKey Order, RecordLocation Location, int Cursor) : IComparable<Head>
    {
        public int CompareTo(Head other)
        {
            int comparison = Order.CompareTo(other.Order);
            return comparison != 0 ? comparison : Location.CompareTo(other.Location);
        }
    }
}
