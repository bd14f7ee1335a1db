using System.Text;
using Mortise.Records;

namespace Mortise.Conformance;

/// <summary>How the common laws are asked of a record store.</summary>
internal static class RecordCommon
{
    public static CommonProbe<IRecordStore> Probe { get; } = new()
    {
        Fill = (session, round) =>
        {
            Change(session, round);
            session.Complete(session.Component.CheckpointAsync());
        },
        Change = Change,
        Persist = (store, cancellation) => store.CheckpointAsync(cancellation),
        Content = Content,
        Calls = store =>
        [
            ("Plan", () => store.Plan([5], new RecordLocation[1])),
            ("Apply", () => Put(store, 5)),
            ("Scan", () => RecordReading.Scan(store, ScanDirection.Forward)),
            ("ReadMany", () => RecordReading.ReadMany(store, [])),
            ("CheckpointAsync", () => store.CheckpointAsync().AsTask().GetAwaiter().GetResult()),
        ],
        BadCalls = store =>
        [
            ("planning a record of 0 bytes", () => store.Plan([0], new RecordLocation[1])),
            ("planning a record above the limit", () => store.Plan([store.MaxRecordBytes + 1], new RecordLocation[1])),
            ("planning without room", () => store.Plan([1, 1], new RecordLocation[1])),
        ],
        Cancellable = (store, cancellation) => [("CheckpointAsync", () => store.CheckpointAsync(cancellation))],
        RefusesDamage = true,
    };

    private static void Change(Session<IRecordStore> session, int round)
    {
        for (int i = 0; i < 3; i++)
        {
            Put(session.Component, 40 + round + i);
        }
    }

    private static void Put(IRecordStore store, int length)
    {
        ulong lsn = store.AppliedLsn.Value + 1;
        RecordCommit commit = RecordCommit.Of(
            store, [LogJournal.Payload(lsn, length), LogJournal.Payload(lsn, length + 9)]);
        commit.ApplyTo(store, new Lsn(lsn));
    }

    private static string Content(IRecordStore store)
    {
        StringBuilder text = new();
        foreach (ReadRecord record in RecordReading.Scan(store, ScanDirection.Forward))
        {
            text.Append(record.Location).Append(' ').Append(record.Info.Lsn).Append(' ')
                .Append(Convert.ToHexString(record.Body)).Append('\n');
        }

        return text.ToString();
    }
}
