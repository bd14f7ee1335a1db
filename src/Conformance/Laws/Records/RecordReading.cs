using System.Collections.Immutable;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>One record that was read.</summary>
internal readonly record struct ReadRecord(ulong Location, byte[] Body, RecordInfo Info)
{
    public override string ToString() =>
        $"{Location:x} ({Body.Length} bytes {Convert.ToHexString(Body.AsSpan(0, Math.Min(8, Body.Length)))}, LSN "
            + $"{Info.Lsn}{(Info.IsDeleted ? ", deleted" : "")})";

    public bool Equals(KnownRecord known) =>
        Body.AsSpan().SequenceEqual(known.Body) && Info.Lsn.Value == known.Lsn && Info.IsDeleted == known.IsDeleted;
}

/// <summary>Collects records.</summary>
internal struct RecordCollector : IRecordSink
{
    public List<ReadRecord> Records { get; } = [];

    public int StopAfter { get; init; } = int.MaxValue;

    public RecordCollector()
    {
    }

    public readonly bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
    {
        Records.Add(new ReadRecord(location.Value, record.ToArray(), info));
        return Records.Count < StopAfter;
    }
}

/// <summary>Reads a store in each of its ways and compares it with an oracle.</summary>
internal static class RecordReading
{
    public static List<ReadRecord> Scan(IRecordStore store, ScanDirection direction, int stopAfter = int.MaxValue)
    {
        RecordCollector sink = new() { StopAfter = stopAfter };
        store.Scan(direction, ref sink);
        return sink.Records;
    }

    public static List<ReadRecord> ReadMany(
        IRecordStore store, RecordLocation[] locations, int stopAfter = int.MaxValue)
    {
        RecordCollector sink = new() { StopAfter = stopAfter };
        store.ReadMany(locations, ref sink);
        return sink.Records;
    }

    public static ReadRecord Read(IRecordStore store, ulong location)
    {
        using RecordLease lease = store.Read(new RecordLocation(location));
        return new ReadRecord(location, lease.Bytes.ToArray(), lease.Info);
    }

    /// <summary>Requires that the store holds exactly what the oracle does.</summary>
    public static void SameWhole(ImmutableSortedDictionary<ulong, KnownRecord> state, IRecordStore store, string what)
    {
        List<ReadRecord> forward = Scan(store, ScanDirection.Forward);
        List<KeyValuePair<ulong, KnownRecord>> live = [.. state.Where(pair => !pair.Value.IsDeleted)];
        for (int i = 0; i < Math.Max(live.Count, forward.Count); i++)
        {
            string found = i < forward.Count ? forward[i].ToString() : "the end";
            string expected = i < live.Count
                ? new ReadRecord(
                    live[i].Key, live[i].Value.Body, new RecordInfo(new Lsn(live[i].Value.Lsn), false)).ToString()
                : "the end";
            LawRun.Require(
                i < live.Count && i < forward.Count && forward[i].Location == live[i].Key
                    && forward[i].Equals(live[i].Value),
                $"{what}: a scan gives {found} as number {i}, expected {expected} ({forward.Count} and {live.Count} "
                    + "live records)");
        }

        foreach ((ulong location, KnownRecord known) in state)
        {
            ReadRecord read = Read(store, location);
            LawRun.Require(
                read.Equals(known),
                $"{what}: a read at {location:x} gives {read}, expected LSN "
                    + $"{known.Lsn}{(known.IsDeleted ? ", deleted" : "")}");
        }

        RecordStoreStatistics counted = store.Statistics;
        LawRun.Require(
            counted.LiveRecords == live.Count && counted.LiveBytes == live.Sum(pair => (long)pair.Value.Body.Length),
            $"{what}: {counted.LiveRecords} live records of {counted.LiveBytes} bytes are counted, there are "
                + $"{live.Count} of {live.Sum(pair => (long)pair.Value.Body.Length)}");
    }
}
