using System.Text;
using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>How the common laws are asked of a log.</summary>
internal static class LogCommon
{
    public static CommonProbe<IWriteAheadLog> Probe { get; } = new()
    {
        Fill = (session, round) =>
        {
            Change(session, round);
            session.Complete(session.Component.SyncAsync(session.Component.LastLsn));
        },
        Change = Change,
        Persist = (log, cancellation) => log.SyncAsync(log.LastLsn, cancellation),
        Content = Content,
        Calls = log =>
        [
            ("Replay", () => LogScript.Replay(log, new Lsn(1))),
            ("SyncAsync", () => log.SyncAsync(new Lsn(1)).AsTask().GetAwaiter().GetResult()),
            ("Append", () => log.Append([1, 2, 3])),
            ("Truncate", () => log.Truncate(new Lsn(1))),
        ],
        BadCalls = log =>
        [
            ("an empty payload", () => log.Append([])),
            ("a payload above the limit", () => log.Append(new byte[log.MaxPayloadBytes + 1])),
            (
                "a sync of what was never appended",
                () => log.SyncAsync(log.LastLsn.Next).AsTask().GetAwaiter().GetResult()),
            ("truncation of what is not durable", () => log.Truncate(log.DurableLsn.Next.Next)),
            ("a restart at a used LSN", () => log.Restart(log.LastLsn)),
        ],
        Cancellable = (log, cancellation) => [("SyncAsync", () => log.SyncAsync(log.LastLsn, cancellation))],
        RefusesDamage = true,
    };

    private static void Change(Session<IWriteAheadLog> session, int round)
    {
        for (int i = 0; i < 10; i++)
        {
            ulong lsn = session.Component.LastLsn.Value + 1;
            session.Component.Append(LogJournal.Payload(lsn, 50 + round * 10 + i));
        }
    }

    private static string Content(IWriteAheadLog log)
    {
        StringBuilder text = new();
        foreach (LogRecord record in LogScript.Replay(log, log.FirstLsn))
        {
            text.Append(record.Lsn).Append(' ').Append(Convert.ToHexString(record.Payload)).Append('\n');
        }

        return text.ToString();
    }
}
