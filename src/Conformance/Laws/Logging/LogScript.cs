using Mortise.Logging;

namespace Mortise.Conformance;

/// <summary>Runs a script on a log, keeps the journal, and holds a log against a journal.</summary>
internal sealed class LogScript(ComponentSubject<IWriteAheadLog> subject, IReadOnlyList<LogOp> ops)
{
    private const byte Spent = 0xCC;

    /// <summary>Runs the script from an open to a close in order.</summary>
    public void Run(SimWorld world, LogJournal journal)
    {
        Session<IWriteAheadLog>? session = new(subject, world);
        try
        {
            foreach (LogOp op in ops)
            {
                if (op.Kind == LogOpKind.Reopen)
                {
                    session.Dispose();
                    session = null;
                    session = new Session<IWriteAheadLog>(subject, world);
                    Check(session.Component, journal);
                    journal.Synced = Math.Max(journal.Synced, session.Component.DurableLsn.Value);
                }
                else
                {
                    Do(session, op, journal);
                }

                CheckOrder(session.Component, journal);
            }
        }
        finally
        {
            session?.Dispose();
        }
    }

    /// <summary>Appends the next record, and overwrites the buffer that it was handed in.</summary>
    public static void Append(IWriteAheadLog log, LogJournal journal, int size)
    {
        ulong lsn = journal.Last + 1;
        byte[] payload = LogJournal.Payload(lsn, size);
        journal.Sizes[lsn] = size;
        Lsn given = log.Append(payload);
        payload.AsSpan().Fill(Spent);
        LawRun.Require(given.Value == lsn, $"append returned LSN {given}, expected {lsn}");
        journal.Last = lsn;
    }

    /// <summary>Requires that the log holds a prefix of what was appended, with all that was promised.</summary>
    public static void Check(IWriteAheadLog log, LogJournal journal)
    {
        ulong first = log.FirstLsn.Value;
        ulong last = log.LastLsn.Value;
        bool restarted = journal.Restarting != 0 && last == journal.Restarting - 1;
        ulong newest = restarted
            ? last
            : Math.Max(journal.Last, journal.Sizes.Count == 0 ? 0 : journal.Sizes.Last().Key);
        ulong keepFrom = restarted ? journal.Restarting : journal.KeepFrom;
        LawRun.Require(
            last >= journal.Synced,
            $"the last record is {last}; a sync had completed through {journal.Synced}, or DurableLsn had said so");
        LawRun.Require(last <= newest, $"the last record is {last}, and only {newest} were ever appended");
        LawRun.Require(first <= keepFrom, $"the first record is {first}, and {keepFrom} has to be kept");
        LawRun.Require(log.DurableLsn.Value == last, $"after open DurableLsn is {log.DurableLsn}, LastLsn is {last}");
        List<LogRecord> records = Replay(log, log.FirstLsn);
        LawRun.Require(
            (ulong)records.Count == last + 1 - first, $"replay gave {records.Count} records of {first} to {last}");
        LawRun.Require(
            log.Recovery.Records == records.Count,
            $"the recovery report says {log.Recovery.Records} records, replay gave {records.Count}");
        ulong expected = first;
        foreach (LogRecord record in records)
        {
            LawRun.Require(record.Lsn == expected, $"replay gave LSN {record.Lsn}, expected {expected}");
            LawRun.Require(
                journal.Sizes.ContainsKey(expected)
                    && record.Payload.AsSpan().SequenceEqual(journal.PayloadOf(expected)),
                $"record {expected} has {record.Payload.Length} bytes that were not appended there");
            expected++;
        }
    }

    /// <summary>As <see cref="Check(IWriteAheadLog, LogJournal)"/> after a restart, and that the log then works
    /// on.</summary>
    public void CheckAndContinue(SimWorld world, LogJournal journal)
    {
        ulong last;
        using (Session<IWriteAheadLog> session = new(subject, world))
        {
            IWriteAheadLog log = session.Component;
            Check(log, journal);
            last = log.LastLsn.Value + 1;
            Lsn given = log.Append(LogJournal.Payload(last, 77));
            LawRun.Require(given.Value == last, $"after recovery append returned LSN {given}, expected {last}");
            session.Complete(log.SyncAsync(given));
            LawRun.Require(
                log.DurableLsn.Value == last, $"after a sync DurableLsn is {log.DurableLsn}, expected {last}");
            world.Disk.CutPower();
        }

        using SimWorld next = world.AfterPowerCut(last, CrashModel.SyncedOnly);
        using Session<IWriteAheadLog> again = new(subject, next);
        LawRun.Require(
            again.Component.LastLsn.Value == last,
            $"after recovery record {last} (77 bytes) was appended, a sync through it completed, the power was cut; "
                + $"the last record is {again.Component.LastLsn} now");
        List<LogRecord> tail = Replay(again.Component, new Lsn(last));
        LawRun.Require(
            tail.Count == 1 && tail[0].Payload.AsSpan().SequenceEqual(LogJournal.Payload(last, 77)),
            $"record {last}, synced after recovery, replays as something else");
    }

    public static List<LogRecord> Replay(IWriteAheadLog log, Lsn from, int stopAfter = int.MaxValue)
    {
        LogCollector sink = new() { StopAfter = stopAfter };
        Lsn next = log.Replay(from, ref sink);
        LawRun.Require(
            next.Value == from.Value + (ulong)sink.Records.Count,
            $"replay from {from} pushed {sink.Records.Count} records and returned {next}");
        return sink.Records;
    }

    private static void Do(Session<IWriteAheadLog> session, LogOp op, LogJournal journal)
    {
        IWriteAheadLog log = session.Component;
        switch (op.Kind)
        {
            case LogOpKind.Append:
                Append(log, journal, op.Argument);
                break;
            case LogOpKind.Sync:
                Lsn through = log.LastLsn;
                session.Complete(log.SyncAsync(through));
                LawRun.Require(log.DurableLsn >= through, $"a sync through {through} left DurableLsn {log.DurableLsn}");
                journal.Synced = through.Value;
                break;
            case LogOpKind.Truncate:
                ulong durable = log.DurableLsn.Value;
                ulong first = log.FirstLsn.Value;
                ulong keep = first + (durable + 1 - first) * (ulong)op.Argument / 100;
                journal.KeepFrom = Math.Max(journal.KeepFrom, keep);
                log.Truncate(new Lsn(keep));
                break;
            case LogOpKind.Restart:
                ulong next = journal.Last + (ulong)op.Argument;
                journal.Restarting = next;
                log.Restart(new Lsn(next));
                journal.Last = journal.Synced = next - 1;
                journal.KeepFrom = next;
                journal.Restarting = 0;
                break;
            default:
                session.World.Background.RunAll();
                break;
        }

        session.World.Background.AfterCall();
    }

    private static void CheckOrder(IWriteAheadLog log, LogJournal journal)
    {
        LawRun.Require(log.LastLsn.Value == journal.Last, $"LastLsn is {log.LastLsn}, expected {journal.Last}");
        LawRun.Require(log.DurableLsn <= log.LastLsn, $"DurableLsn {log.DurableLsn} is ahead of {log.LastLsn}");
        LawRun.Require(
            log.DurableLsn.Value >= journal.Synced, $"DurableLsn moved back from {journal.Synced} to {log.DurableLsn}");
        LawRun.Require(log.FirstLsn.Value <= journal.KeepFrom, $"FirstLsn {log.FirstLsn} is beyond {journal.KeepFrom}");
    }
}
