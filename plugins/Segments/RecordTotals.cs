namespace Mortise.Segments;

/// <summary>Counts of records and of their bodies' bytes.</summary>
internal readonly record struct RecordTotals(long LiveRecords, long LiveBytes, long DeadRecords, long DeadBytes)
{
    public RecordTotals WithPut(int bytes) => this with { LiveRecords = LiveRecords + 1, LiveBytes = LiveBytes + bytes };

    public RecordTotals WithDelete(int bytes) => new(
        LiveRecords - 1, LiveBytes - bytes, DeadRecords + 1, DeadBytes + bytes);

    public static RecordTotals operator +(RecordTotals a, RecordTotals b) => new(
        a.LiveRecords + b.LiveRecords,
        a.LiveBytes + b.LiveBytes,
        a.DeadRecords + b.DeadRecords,
        a.DeadBytes + b.DeadBytes);

    public static RecordTotals operator -(RecordTotals a, RecordTotals b) => new(
        a.LiveRecords - b.LiveRecords,
        a.LiveBytes - b.LiveBytes,
        a.DeadRecords - b.DeadRecords,
        a.DeadBytes - b.DeadBytes);
}
