using System.Text;
using Mortise.Indexing;

namespace Mortise.Conformance;

/// <summary>How the common laws are asked of an index.</summary>
internal static class IndexCommon
{
    public static CommonProbe<IIndexFamily> Probe { get; } = new()
    {
        Fill = (session, round) =>
        {
            Change(session, round);
            session.Complete(session.Component.CheckpointAsync());
        },
        Change = Change,
        Persist = (index, cancellation) => index.CheckpointAsync(cancellation),
        Content = Content,
        Calls = index =>
        [
            ("Apply", () => IndexChanges.Random(1, 5).ApplyTo(index, index.AppliedLsn.Next)),
            ("OpenSnapshot", () => index.OpenSnapshot().Dispose()),
            ("CheckpointAsync", () => index.CheckpointAsync().AsTask().GetAwaiter().GetResult()),
        ],
        BadCalls = index =>
        [
            ("a batch with an old LSN", () => IndexChanges.Random(1, 5).ApplyTo(index, index.AppliedLsn)),
            ("a key above the limit", () => Single(index, new byte[index.Traits.MaxKeyBytes + 1], [1])),
            ("a value above the limit", () => Single(index, [1], new byte[index.Traits.MaxValueBytes + 1])),
            ("an empty key", () => Single(index, [], [1])),
        ],
        Cancellable = (index, cancellation) =>
        [
            ("CheckpointAsync", () => index.CheckpointAsync(cancellation)),
            ("ResetAsync", () => index.ResetAsync(cancellation)),
        ],
        RefusesDamage = false,
    };

    private static void Change(Session<IIndexFamily> session, int round) =>
        IndexChanges.Random(round + 100, 60).ApplyTo(session.Component, session.Component.AppliedLsn.Next);

    private static void Single(IIndexFamily index, byte[] key, byte[] value)
    {
        IndexChanges changes = new();
        changes.Changes[key] = value;
        changes.ApplyTo(index, index.AppliedLsn.Next);
    }

    private static string Content(IIndexFamily index)
    {
        StringBuilder text = new();
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        foreach (ReadEntry entry in IndexReading.Scan(snapshot, [], [], ScanDirection.Forward))
        {
            text.Append(entry).Append('\n');
        }

        return text.ToString();
    }
}
