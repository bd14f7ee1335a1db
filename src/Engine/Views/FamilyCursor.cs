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
    private readonly byte[] _range;
    private readonly int _startLength;
    private readonly ScanDirection _direction;
    private readonly EntryOrder _order;
    private readonly List<OpenCursor> _open = [];
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
        _partitions = Array.FindAll(partitions, p => p.Bounds.Overlaps(ordinals));
        if (direction == ScanDirection.Backward)
        {
            Array.Reverse(_partitions);
        }

        _startLength = range.Start.Length;
        _range = new byte[range.Start.Length + range.End.Length];
        range.Start.CopyTo(_range);
        range.End.CopyTo(_range.AsSpan(_startLength));
        _order = order;
        _direction = direction;
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
    public int PartitionsOpened => _next;

    private IIndexCursor Current => _open[_current].Cursor;

    /// <summary>Moves to the next entry; the first call moves to the first.</summary>
    /// <returns>False past the last entry.</returns>
    public bool MoveNext()
    {
        if (_current >= 0 && !_open[_current].Cursor.MoveNext())
        {
            CloseAt(_current);
        }

        return Settle();
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

        return found;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (OpenCursor open in _open)
        {
            open.Close();
        }

        _open.Clear();
        _next = _partitions.Length;
        _current = -1;
    }

    private bool IsBefore(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b)
    {
        int comparison = a.SequenceCompareTo(b);
        return _direction == ScanDirection.Forward ? comparison < 0 : comparison > 0;
    }

    private void SeekOpen(ReadOnlySpan<byte> key)
    {
        for (int i = _open.Count - 1; i >= 0; i--)
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
        while (_open.Count == 0)
        {
            if (_next == _partitions.Length)
            {
                _current = -1;
                return false;
            }

            OpenNextCluster();
        }

        _current = 0;
        for (int i = 1; i < _open.Count; i++)
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

    private void OpenNextCluster()
    {
        OrdinalRange cluster = _partitions[_next].Bounds;
        do
        {
            OrdinalRange bounds = _partitions[_next].Bounds;
            cluster = new OrdinalRange(Math.Min(cluster.First, bounds.First), Math.Max(cluster.Last, bounds.Last));
            SharedSnapshot shared = _partitions[_next].Shared;
            _next++;
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
                    _open.Add(open);
                }
                else
                {
                    open.Cursor?.Dispose();
                    shared.Return();
                }
            }
        }
        while (_next < _partitions.Length
            && (_order == EntryOrder.ByKey || _partitions[_next].Bounds.Overlaps(cluster)));
    }

    private void CloseAt(int index)
    {
        _open[index].Close();
        _open.RemoveAt(index);
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
