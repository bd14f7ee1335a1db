using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Walks the entries of one family in key order, over as few partitions as it can.</summary>
/// <remarks>
/// Partitions whose bounds overlap form a cluster and are merged; clusters follow each other when the entries are known
/// to be ordered by ordinal, and the next cluster is opened only when the one before is exhausted. One thread at a time.
/// </remarks>
public sealed class FamilyCursor : IDisposable
{
    private readonly FamilyView _family;
    private readonly PartitionVersion[] _partitions;
    private readonly OrdinalRange _ordinals;
    private readonly byte[] _range;
    private readonly int _startLength;
    private readonly ScanDirection _direction;
    private readonly EntryOrder _order;

    // Most readers are in one partition at a time.
    private OpenCursor[] _open = new OpenCursor[1];
    private int _openCount;
    private int _next;
    private int _current = -1;

    internal FamilyCursor(
        FamilyView family,
        PartitionVersion[] partitions,
        KeyRange range,
        OrdinalRange ordinals,
        EntryOrder order,
        ScanDirection direction)
    {
        _family = family;
        _partitions = partitions;
        _ordinals = ordinals;
        _startLength = range.Start.Length;
        _range = new byte[range.Start.Length + range.End.Length];
        range.Start.CopyTo(_range);
        range.End.CopyTo(_range.AsSpan(_startLength));
        _order = order;
        _direction = direction;
        SkipOthers();
    }

    /// <summary>The projected key, without location; dies when the cursor moves.</summary>
    public ReadOnlySpan<byte> Key =>
        _family.Projection.Placement == LocationPlacement.InKey
            ? Current.Key[..^FamilyView.LocationBytes]
            : Current.Key;

    /// <summary>Where the record is.</summary>
    public RecordLocation Location =>
        _family.Projection.Placement == LocationPlacement.InKey
            ? FamilyView.ReadLocation(TailOf(Current.Key), Current.Key)
            : FamilyView.ReadLocation(Current.Value, Current.Key);

    /// <summary>The record itself when the family keeps it inline; empty otherwise. Dies when the cursor moves.</summary>
    public ReadOnlySpan<byte> Inline =>
        _family.Projection.Placement == LocationPlacement.InKey
            ? Current.Value
            : Current.Value[FamilyView.LocationBytes..];

    /// <summary>Partitions opened so far.</summary>
    public int PartitionsOpened { get; private set; }

    private IIndexCursor Current => _open[_current].Cursor;

    /// <summary>Moves to the next entry; the first call moves to the first.</summary>
    /// <returns>False past the last entry.</returns>
    public bool MoveNext()
    {
        bool found = Advance();
        while (found && _family.HidesSome && _family.Hides(Location, Inline))
        {
            found = Advance();
        }

        return found;
    }

    /// <summary>Moves on to the first entry at or beyond a key in the cursor's direction, never backwards.</summary>
    /// <param name="key">A projected key, with or without the location that follows it; of the cursor's range.</param>
    /// <returns>False past the last entry.</returns>
    public bool Seek(ReadOnlySpan<byte> key)
    {
        if (_current >= 0 && IsBefore(_open[_current].Cursor.Key, key))
        {
            SeekOpen(key);
        }

        bool found = Settle();
        while (found && IsBefore(_open[_current].Cursor.Key, key))
        {
            // A cluster that was opened meanwhile begins where its range does.
            SeekOpen(key);
            found = Settle();
        }

        return found && _family.HidesSome && _family.Hides(Location, Inline) ? MoveNext() : found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        for (int i = 0; i < _openCount; i++)
        {
            _open[i].Close();
        }

        _openCount = 0;
        _next = _partitions.Length;
        _current = -1;
    }

    private bool Advance()
    {
        if (_current >= 0 && !_open[_current].Cursor.MoveNext())
        {
            CloseAt(_current);
        }

        return Settle();
    }

    private bool IsBefore(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int comparison = a.SequenceCompareTo(b);
        return _direction == ScanDirection.Forward ? comparison < 0 : comparison > 0;
    }

    private void SeekOpen(ReadOnlySpan<byte> key)
    {
        for (int i = _openCount - 1; i >= 0; i--)
        {
            if (IsBefore(_open[i].Cursor.Key, key) && !_open[i].Cursor.Seek(key))
            {
                CloseAt(i);
            }
        }
    }

    /// <summary>Finds the cursor that is next, in the next cluster when this one is exhausted.</summary>
    private bool Settle()
    {
        while (_openCount == 0)
        {
            if (_next == _partitions.Length)
            {
                _current = -1;
                return false;
            }

            OpenNextCluster();
        }

        _current = 0;
        for (int i = 1; i < _openCount; i++)
        {
            if (IsBefore(_open[i].Cursor.Key, _open[_current].Cursor.Key))
            {
                _current = i;
            }
        }

        return true;
    }

    private static ReadOnlySpan<byte> TailOf(ReadOnlySpan<byte> key) =>
        key.Length < FamilyView.LocationBytes ? key : key[^FamilyView.LocationBytes..];

    /// <summary>The partition whose turn it is.</summary>
    private ref readonly PartitionVersion Next =>
        ref _partitions[_direction == ScanDirection.Forward ? _next : _partitions.Length - 1 - _next];

    /// <summary>Passes over partitions that hold nothing of interest.</summary>
    private void SkipOthers()
    {
        while (_next < _partitions.Length && !Next.Bounds.Overlaps(_ordinals))
        {
            _next++;
        }
    }

    private void OpenNextCluster()
    {
        OrdinalRange cluster = Next.Bounds;
        do
        {
            OrdinalRange bounds = Next.Bounds;
            cluster = new OrdinalRange(Math.Min(cluster.First, bounds.First), Math.Max(cluster.Last, bounds.Last));
            SharedSnapshot shared = Next.Shared;
            PartitionsOpened++;
            _next++;
            SkipOthers();
            IIndexSnapshot snapshot = shared.Rent();
            OpenCursor open = default;
            bool isUsed = false;
            try
            {
                open = new OpenCursor(shared, snapshot.OpenCursor(
                    new KeyRange(_range.AsSpan(0, _startLength), _range.AsSpan(_startLength)), _direction));
                isUsed = open.Cursor.MoveNext();
            }
            finally
            {
                if (isUsed)
                {
                    Keep(open);
                }
                else
                {
                    open.Cursor?.Dispose();
                    shared.Return();
                }
            }
        }
        while (_next < _partitions.Length
            && (_order == EntryOrder.ByKey || Next.Bounds.Overlaps(cluster)));
    }

    private void Keep(in OpenCursor open)
    {
        if (_openCount == _open.Length)
        {
            Array.Resize(ref _open, 2 * _openCount);
        }

        _open[_openCount++] = open;
    }

    private void CloseAt(int index)
    {
        _open[index].Close();
        _openCount--;
        Array.Copy(_open, index + 1, _open, index, _openCount - index);
        _current = -1;
    }

    /// <summary>A cursor over one partition, and the snapshot that it keeps open.</summary>
    private readonly record struct OpenCursor(SharedSnapshot Shared, IIndexCursor Cursor)
    {
        public void Close()
        {
            Cursor.Dispose();
            Shared.Return();
        }
    }
}
