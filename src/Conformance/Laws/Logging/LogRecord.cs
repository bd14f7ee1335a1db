using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>One replayed record.</summary>
internal readonly record struct LogRecord(ulong Lsn, byte[] Payload);

/// <summary>Collects a replay.</summary>
internal struct LogCollector : ILogSink
{
    public List<LogRecord> Records { get; } = [];

    public int StopAfter { get; init; } = int.MaxValue;

    public LogCollector()
    {
    }

    public readonly bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
    {
        Records.Add(new LogRecord(lsn.Value, payload.ToArray()));
        return Records.Count < StopAfter;
    }
}
