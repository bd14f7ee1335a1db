using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Tells records that were dropped with their range, and are not deleted yet, from those that are in force.</summary>
/// <remarks>A record is asked for its ordinal, so that dropping costs nothing for each record; only as long as one of them is
/// left, and only where entries may name them. Immutable; any thread.</remarks>
/// <param name="drops">One and more.</param>
/// <param name="records">The store's records.</param>
/// <param name="projections">Some of which give each record an ordinal.</param>
internal sealed class DroppedRecords(PendingDrop[] drops, IRecordStore records, IKeyProjection[] projections)
{
    [ThreadStatic]
    private static OrdinalSink? s_ordinal;

    // What lies at or above was put after all of them.
    private readonly RecordLocation _end = drops.Max(static drop => drop.Below);

    public PendingDrop[] Drops => drops;

    /// <summary>True when the record at a location is one of them.</summary>
    /// <param name="location">Of a record that can be read.</param>
    /// <param name="inline">The record, if an entry has it; else empty.</param>
    public bool Hides(RecordLocation location, ReadOnlySpan<byte> inline)
    {
        if (location >= _end)
        {
            return false;
        }

        if (!inline.IsEmpty)
        {
            return Find(location, inline) is not null;
        }

        using RecordLease lease = records.Read(location);
        return Find(location, lease.Bytes) is not null;
    }

    /// <summary>What a record was dropped with; null for one that is in force.</summary>
    /// <param name="location">Where it is.</param>
    /// <param name="record">Its bytes.</param>
    public PendingDrop? Find(RecordLocation location, ReadOnlySpan<byte> record)
    {
        if (location >= _end || OrdinalOf(record) is not { } ordinal)
        {
            return null;
        }

        return Array.Find(drops, drop => drop.Has(location, ordinal));
    }

    /// <summary>True when a record is one of them, and the partition of a family that named it ended with its range: so that
    /// the family has no entry of it to hide, to find or to remove.</summary>
    /// <remarks>One with the same unique key may have been put since.</remarks>
    public bool HaveEndedIn(FamilyState family, RecordLocation location, ReadOnlySpan<byte> record)
    {
        if (!family.IsByOrdinal || location >= _end || OrdinalOf(record) is not { } ordinal)
        {
            return false;
        }

        OrdinalRange bounds = family.BoundsOf(ordinal);
        return Array.Exists(drops, drop => drop.Has(location, ordinal) && drop.Range.Encloses(bounds));
    }

    private long? OrdinalOf(ReadOnlySpan<byte> record)
    {
        OrdinalSink sink = s_ordinal ??= new OrdinalSink();
        sink.Value = null;
        for (int i = 0; i < projections.Length && sink.Value is null; i++)
        {
            projections[i].Project(record, sink);
        }

        return sink.Value;
    }

    /// <summary>Pushes the records that are in force to a sink; with no drops, all that are live.</summary>
    /// <param name="dropped">What is out of force; null for nothing.</param>
    /// <param name="records">The store's records.</param>
    /// <param name="direction">Ascending or descending locations.</param>
    /// <param name="sink">Stops by returning false.</param>
    public static void Scan<TSink>(
        DroppedRecords? dropped, IRecordStore records, ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct
    {
        if (dropped is null)
        {
            records.Scan(direction, ref sink);
            return;
        }

        var visible = new InForce<TSink>(dropped, sink);
        records.Scan(direction, ref visible);
        sink = visible.Sink;
    }

    private ref struct InForce<TSink>(DroppedRecords dropped, TSink sink) : IRecordSink
        where TSink : struct, IRecordSink, allows ref struct
    {
        public TSink Sink = sink;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info) =>
            dropped.Find(location, record) is not null || Sink.Accept(location, record, info);
    }
}

/// <summary>Takes the ordinal of a record from the keys that a projection gives it.</summary>
internal sealed class OrdinalSink : IKeySink
{
    /// <summary>The ordinal; null when there was no key.</summary>
    public long? Value { get; set; }

    /// <inheritdoc/>
    public void Emit(long ordinal, ReadOnlySpan<byte> key) => Value = ordinal;
}
