using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>What a record store should hold, from the log alone: obviously right, and slow.</summary>
internal sealed class RecordModel
{
    private readonly SortedDictionary<ulong, (byte[] Body, Lsn Lsn, bool IsDeleted)> _records = [];

    public Lsn Lsn { get; private set; }

    public IEnumerable<KeyValuePair<ulong, (byte[] Body, Lsn Lsn, bool IsDeleted)>> Records => _records;

    public int Count => _records.Count;

    public void Apply(LoggedBatch batch)
    {
        Lsn = batch.Lsn;
        foreach (RecordMutation mutation in batch.Mutations)
        {
            ulong at = mutation.Location.Value;
            if (mutation.Operation == RecordOperation.Put)
            {
                _records.Add(at, (batch.Arena.AsSpan(mutation.Offset, mutation.Length).ToArray(), batch.Lsn, false));
            }
            else if (_records.TryGetValue(at, out (byte[] Body, Lsn Lsn, bool IsDeleted) record))
            {
                _records[at] = record with { IsDeleted = true };
            }
        }
    }

    /// <summary>The segments that hold records.</summary>
    public HashSet<uint> Segments() => [.. _records.Keys.Select(at => (uint)(at >> 32))];

    /// <summary>True when all records of a segment are deleted.</summary>
    public bool IsDead(uint segment) => InSegment(segment).All(at => _records[at].IsDeleted);

    public RecordLocation[] Live(uint segment) =>
        [.. InSegment(segment).Where(at => !_records[at].IsDeleted).Select(at => new RecordLocation(at))];

    public void Reclaim(uint segment)
    {
        foreach (ulong at in InSegment(segment))
        {
            _records.Remove(at);
        }
    }

    public byte[] Body(RecordLocation location) => _records[location.Value].Body;

    public RecordTotals Totals()
    {
        RecordTotals totals = default;
        foreach ((_, (byte[] body, _, bool isDeleted)) in _records)
        {
            totals = totals.WithPut(body.Length);
            totals = isDeleted ? totals.WithDelete(body.Length) : totals;
        }

        return totals;
    }

    private ulong[] InSegment(uint segment) => [.. _records.Keys.Where(at => at >> 32 == segment)];
}
