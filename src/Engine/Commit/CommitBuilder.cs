using Mortise.Partitioning;
using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Collects what one write puts and deletes.</summary>
/// <remarks>Threads: the store's writer, during <see cref="IWritePlanner.Plan"/> only. Buffers: records are copied.</remarks>
public sealed class CommitBuilder
{
    private readonly int _maxRecordBytes;
    private byte[] _arena = new byte[64 * 1024];
    private int _used;

    internal CommitBuilder(int maxRecordBytes) => _maxRecordBytes = maxRecordBytes;

    /// <summary>The state before the group.</summary>
    public StoreView View { get; private set; } = null!;

    /// <summary>Puts and deletes of the group so far. Fewer than a planner has added, when it decides the next write, says
    /// that the engine took back what a write had decided that failed afterwards.</summary>
    public int OperationCount => Operations.Count;

    internal List<PlannedOperation> Operations { get; } = [];

    /// <summary>The range that the commit drops; null for none. Set by <see cref="Drop"/>.</summary>
    internal LoggedDrop? Dropped { get; private set; }

    internal List<PlannedRecord> Records { get; } = [];

    internal int ArenaBytes => _used;

    internal ReadOnlySpan<byte> Arena => _arena.AsSpan(0, _used);

    /// <summary>Adds a record.</summary>
    /// <param name="record">1 byte up to the record store's limit; copied.</param>
    /// <returns>The record, to be named by later writes of the group.</returns>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.LimitExceeded"/>.</exception>
    public PendingRecord Put(ReadOnlySpan<byte> record)
    {
        if (record.IsEmpty || record.Length > _maxRecordBytes)
        {
            throw new StorageException(
                StorageErrorCode.LimitExceeded,
                $"a record of {record.Length} bytes; the record store takes 1 to {_maxRecordBytes}");
        }

        if (_arena.Length - _used < record.Length)
        {
            Array.Resize(ref _arena, checked((int)Math.Min(Array.MaxLength, Math.Max(_arena.Length * 2L, (long)_used + record.Length))));
        }

        record.CopyTo(_arena.AsSpan(_used));
        var pending = new PendingRecord(Records.Count);
        Records.Add(new PlannedRecord(_used, record.Length));
        Operations.Add(new PlannedOperation(PlannedKind.Put, pending.Index, RecordLocation.None));
        _used += record.Length;
        return pending;
    }

    /// <summary>Deletes a record that <see cref="View"/> has. Deleting one twice in a group counts once.</summary>
    public void Delete(RecordLocation location)
    {
        Invariant.Holds(location != RecordLocation.None);
        Operations.Add(new PlannedOperation(PlannedKind.DeleteStored, -1, location));
    }

    /// <summary>Deletes a record that this or an earlier write of the group put.</summary>
    public void Delete(PendingRecord record)
    {
        Invariant.Holds(record.Index >= 0 && record.Index < Records.Count);
        Operations.Add(new PlannedOperation(PlannedKind.DeletePending, record.Index, RecordLocation.None));
    }

    /// <summary>The bytes of a record of this group; die with the next <see cref="Put"/>.</summary>
    public ReadOnlySpan<byte> Bytes(PendingRecord record)
    {
        PlannedRecord planned = Records[record.Index];
        return _arena.AsSpan(planned.Offset, planned.Length);
    }

    /// <summary>Says that no record with an ordinal of a range is in force but those that the commit puts: partitions that
    /// lie wholly in it end, and the records are deleted later. First in a group of its own.</summary>
    /// <param name="range">Not empty.</param>
    /// <param name="records">About how many records it has.</param>
    internal void Drop(OrdinalRange range, long records)
    {
        Invariant.Holds(Operations.Count == 0 && !range.IsEmpty);
        Operations.Add(new PlannedOperation(PlannedKind.Drop, -1, RecordLocation.None));
        Dropped = new LoggedDrop(range, RecordLocation.None, records);
    }

    /// <summary>Deletes a stored record before the operations that a write has planned.</summary>
    internal void DeleteBefore(int operation, RecordLocation location) =>
        Operations.Insert(operation, new PlannedOperation(PlannedKind.DeleteStored, -1, location));

    internal void Begin(StoreView view)
    {
        View = view;
        Dropped = null;
        Operations.Clear();
        Records.Clear();
        _used = 0;
    }

    /// <summary>Forgets what a failed write added after these counts.</summary>
    internal void RollBack(int operations, int records, int used)
    {
        Dropped = operations == 0 ? null : Dropped;
        Operations.RemoveRange(operations, Operations.Count - operations);
        Records.RemoveRange(records, Records.Count - records);
        _used = used;
    }

    internal enum PlannedKind : byte
    {
        Put = 1,
        DeleteStored = 2,
        DeletePending = 3,
        Drop = 4,
    }

    internal readonly record struct PlannedOperation(PlannedKind Kind, int Record, RecordLocation Location);

    internal readonly record struct PlannedRecord(int Offset, int Length);
}
