using System.Buffers;
using System.Buffers.Binary;
using Mortise.Engine;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Nostr;

/// <summary>Merges the ranges of one access path, newest first, with a binary heap over one cursor a range.</summary>
/// <remarks>Of a partitioned family it reads one period of all ranges after the other: a range without a recent entry
/// does not make it open older partitions before the recent entries of the others are used up.</remarks>
internal sealed class MergeStream : EntryStream
{
    // Steps that are tried before a seek, which costs as much as several of them.
    private const int StepsBeforeSeek = 4;

    private readonly AccessPath _path;
    private readonly QueryWindow _window;
    private FamilyCursor?[] _cursors;
    private Head[] _heap;
    private readonly byte[][] _inline;
    private long _closedPartitions;
    private long _nextPeriod;
    private int _size;
    private int _inlineSlot;
    private bool _started;

    /// <param name="path">A path over newest-first ranges.</param>
    /// <param name="window">The part wanted.</param>
    /// <param name="wantsRecords">True to keep records that entries hold inline.</param>
    public MergeStream(AccessPath path, in QueryWindow window, bool wantsRecords)
    {
        _path = path;
        _window = window;
        _cursors = ArrayPool<FamilyCursor?>.Shared.Rent(path.Count);
        _heap = ArrayPool<Head>.Shared.Rent(path.Count);
        _nextPeriod = window.Ordinals.Last;
        int inlineBytes = wantsRecords ? path.Family.InlineBelowBytes : 0;
        _inline = inlineBytes == 0 ? [] : [new byte[inlineBytes], new byte[inlineBytes]];
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

    public override bool KeepsRecords => _inline.Length > 0;

    public override bool MoveNext(out Entry entry)
    {
        if (_size > 0 && _started)
        {
            AdvanceTop();
        }

        _started = true;
        return FillAndTake(out entry);
    }

    public override bool SeekTo(in Entry target, out Entry entry)
    {
        for (int i = 0; i < StepsBeforeSeek; i++)
        {
            if (!MoveNext(out entry))
            {
                return false;
            }

            if (!entry.IsBefore(target))
            {
                return true;
            }
        }

        while (_size > 0 && _heap[0].ToEntry().IsBefore(target))
        {
            SeekTop(target);
        }

        // What a new period begins with may still be before the target.
        while (FillAndTake(out entry))
        {
            if (!entry.IsBefore(target))
            {
                return true;
            }

            SeekTop(target);
        }

        return false;
    }

    public override ReadOnlySpan<byte> Inline(in Entry entry) =>
        entry.InlineSlot < 0 ? default : _inline[entry.InlineSlot].AsSpan(0, entry.InlineLength);

    public override void Dispose()
    {
        if (_heap.Length == 0)
        {
            return;
        }

        for (int i = 0; i < _path.Count; i++)
        {
            Close(i);
        }

        ArrayPool<FamilyCursor?>.Shared.Return(_cursors);
        ArrayPool<Head>.Shared.Return(_heap);
        _cursors = [];
        _heap = [];
        _size = 0;
        _nextPeriod = -1;
    }

    private bool FillAndTake(out Entry entry)
    {
        while (_size == 0)
        {
            if (!OpenPeriod())
            {
                entry = default;
                return false;
            }
        }

        entry = _heap[0].ToEntry();
        if (_inline.Length > 0)
        {
            KeepInline(ref entry);
        }

        return true;
    }

    private void KeepInline(ref Entry entry)
    {
        ReadOnlySpan<byte> record = _cursors[_heap[0].Cursor]!.Inline;
        if (record.IsEmpty)
        {
            return;
        }

        _inlineSlot ^= 1;
        if (record.Length > _inline[_inlineSlot].Length)
        {
            Array.Resize(ref _inline[_inlineSlot], record.Length);
        }

        record.CopyTo(_inline[_inlineSlot]);
        entry = entry with { InlineSlot = _inlineSlot, InlineLength = record.Length };
    }

    /// <summary>Opens all ranges in the next older period.</summary>
    /// <returns>False when there is none.</returns>
    private bool OpenPeriod()
    {
        if (_nextPeriod < _window.Ordinals.First)
        {
            return false;
        }

        OrdinalRange period = _path.Count == 1 ? OrdinalRange.All : _path.Family.ClusterAt(_nextPeriod);
        if (period.IsEmpty)
        {
            _nextPeriod = -1;
            return false;
        }

        QueryWindow window = _window.Within(period);
        _nextPeriod = window.Ordinals.First - 1;
        for (int i = 0; i < _path.Count; i++)
        {
            _cursors[i] = _path.OpenCursor(i, window);
            if (_cursors[i]!.MoveNext())
            {
                Examined++;
                _heap[_size++] = Read(i);
            }
            else
            {
                Close(i);
            }
        }

        for (int i = (_size / 2) - 1; i >= 0; i--)
        {
            SiftDown(i);
        }

        return true;
    }

    private void AdvanceTop()
    {
        int cursor = _heap[0].Cursor;
        ReplaceTop(cursor, _cursors[cursor]!.MoveNext());
    }

    private void SeekTop(in Entry target)
    {
        int cursor = _heap[0].Cursor;
        ReadOnlySpan<byte> prefix = _path.Prefix(cursor);
        Span<byte> key = stackalloc byte[prefix.Length + OrderKey.Bytes + sizeof(ulong)];
        prefix.CopyTo(key);
        target.Order.Write(key[prefix.Length..]);
        BinaryPrimitives.WriteUInt64BigEndian(key[(prefix.Length + OrderKey.Bytes)..], target.Location.Value);
        ReplaceTop(cursor, _cursors[cursor]!.Seek(key));
    }

    private void ReplaceTop(int cursor, bool hasMore)
    {
        if (hasMore)
        {
            Examined++;
            _heap[0] = Read(cursor);
        }
        else
        {
            Close(cursor);
            _heap[0] = _heap[--_size];
        }

        SiftDown(0);
    }

    private Head Read(int index)
    {
        FamilyCursor cursor = _cursors[index]!;
        return new Head(OrderKey.Read(cursor.Key), cursor.Location, index);
    }

    private void Close(int index)
    {
        if (_cursors[index] is { } cursor)
        {
            _closedPartitions += cursor.PartitionsOpened;
            cursor.Dispose();
            _cursors[index] = null;
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
        public Entry ToEntry() => new(Order, Location);

        public int CompareTo(Head other)
        {
            int comparison = Order.CompareTo(other.Order);
            return comparison != 0 ? comparison : Location.CompareTo(other.Location);
        }
    }
}
