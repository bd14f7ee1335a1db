using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>Keeps what a scan or a batched read pushes.</summary>
internal struct Collector(int limit) : IRecordSink
{
    public List<(RecordLocation Location, byte[] Body, RecordInfo Info)> Seen { get; } = [];

    public readonly bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
    {
        Seen.Add((location, record.ToArray(), info));
        return Seen.Count < limit;
    }
}
