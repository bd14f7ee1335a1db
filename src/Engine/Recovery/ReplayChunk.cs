using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>A stretch of the log, decoded: what changed, in order, with copies of the records.</summary>
/// <remarks>Filled by one thread, then read by several; never both at once.</remarks>
internal sealed class ReplayChunk
{
    private readonly List<Change> _changes = [];
    private readonly List<OrdinalRange> _drops = [];
    private byte[] _arena = [];
    private int _used;

    /// <summary>Bytes of the records in it.</summary>
    public int Bytes => _used;

    /// <summary>The last commit in it.</summary>
    public Lsn LastLsn { get; private set; }

    /// <summary>The changes in the order of the log.</summary>
    public ReadOnlySpan<Change> Changes => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_changes);

    /// <summary>Empties it.</summary>
    public void Clear()
    {
        _changes.Clear();
        _drops.Clear();
        _used = 0;
        LastLsn = Lsn.None;
    }

    /// <summary>Adds a change of a record.</summary>
    public void Add(
        IndexOperation operation,
        Lsn lsn,
        RecordLocation location,
        ReadOnlySpan<byte> record,
        DroppedRecords? dropped = null)
    {
        if (_arena.Length - _used < record.Length)
        {
            long wanted = Math.Max((long)_used + record.Length, Math.Min(_arena.Length * 2L, Array.MaxLength));
            Array.Resize(ref _arena, checked((int)Math.Max(wanted, 64 << 10)));
        }

        record.CopyTo(_arena.AsSpan(_used));
        _changes.Add(new Change(operation, lsn, location, _used, record.Length, dropped));
        _used += record.Length;
    }

    /// <summary>Adds the end of all partitions in a range.</summary>
    public void AddDrop(Lsn lsn, OrdinalRange range)
    {
        _changes.Add(new Change(null, lsn, RecordLocation.None, _drops.Count, 0, null));
        _drops.Add(range);
    }

    /// <summary>A commit is in it as a whole.</summary>
    public void Close(Lsn lsn) => LastLsn = lsn;

    /// <summary>The record that a change is of.</summary>
    public ReadOnlySpan<byte> Record(in Change change) => _arena.AsSpan(change.Offset, change.Length);

    /// <summary>The range that a change drops, when it has no operation.</summary>
    public OrdinalRange Drop(in Change change) => _drops[change.Offset];

    /// <summary>One change.</summary>
    /// <param name="Operation">Set when the record was put, remove when it was deleted; null for a drop.</param>
    /// <param name="Lsn">The commit.</param>
    /// <param name="Location">Where the record is.</param>
    /// <param name="Offset">Start of its bytes in the chunk; of a drop, its number.</param>
    /// <param name="Length">Bytes.</param>
    /// <param name="Dropped">What was dropped with its range when it was removed; null for nothing.</param>
    public readonly record struct Change(
        IndexOperation? Operation, Lsn Lsn, RecordLocation Location, int Offset, int Length, DroppedRecords? Dropped);
}
