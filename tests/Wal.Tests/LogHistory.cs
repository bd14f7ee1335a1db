using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>What a log must hold: every payload by LSN, and how far it was promised.</summary>
internal sealed class LogHistory
{
    private readonly List<byte[]> _payloads = [];
    private ulong _first = 1;

    /// <summary>Promised to survive a power cut.</summary>
    public ulong Durable { get; private set; }

    /// <summary>The last record whose append returned.</summary>
    public ulong Appended { get; private set; }

    /// <summary>No record before this is promised any more.</summary>
    public ulong KeepFrom { get; private set; } = 1;

    /// <summary>Call before the append: a crash inside it may keep the record.</summary>
    public void Appending(byte[] payload)
    {
        _payloads.RemoveRange((int)(Appended + 1 - _first), _payloads.Count - (int)(Appended + 1 - _first));
        _payloads.Add(payload);
    }

    public void AppendFailed() => _payloads.RemoveAt(_payloads.Count - 1);

    public void AppendReturned(Lsn lsn)
    {
        Assert.Equal(Appended + 1, lsn.Value);
        Appended = lsn.Value;
    }

    public void SyncReturned(Lsn through) => Durable = Math.Max(Durable, through.Value);

    public void Truncating(Lsn keepFrom) => KeepFrom = Math.Max(KeepFrom, keepFrom.Value);

    public void Restarting(Lsn next)
    {
        _payloads.Clear();
        _first = next.Value;
        KeepFrom = next.Value;
        Appended = next.Value - 1;
        Durable = Appended;
    }

    public byte[] PayloadOf(ulong lsn) => _payloads[(int)(lsn - _first)];

    /// <summary>Checks a log that was just opened and adopts what it still has.</summary>
    /// <param name="log">The log.</param>
    /// <param name="mustHave">The last LSN that must be there.</param>
    /// <param name="context">For the message.</param>
    public void CheckOpened(IWriteAheadLog log, ulong mustHave, string context)
    {
        ulong last = log.LastLsn.Value;
        Assert.True(last >= mustHave, $"{context}: lost records {last + 1} to {mustHave}");
        Assert.True(last < _first + (ulong)_payloads.Count, $"{context}: record {last} was never appended");
        Assert.True(log.DurableLsn == log.LastLsn, $"{context}: opened with durable {log.DurableLsn} of {last}");
        Assert.True(log.FirstLsn.Value <= Math.Max(KeepFrom, 1), $"{context}: records from {KeepFrom} were needed, "
            + $"the log begins at {log.FirstLsn}");
        Appended = last;
        Durable = last;
        CheckReplay(log, context);
    }

    public void CheckReplay(IWriteAheadLog log, string context)
    {
        var sink = new CheckingSink { History = this, Expected = log.FirstLsn.Value, Context = context };
        Lsn next = log.Replay(log.FirstLsn, ref sink);
        Assert.True(next == log.LastLsn.Next, $"{context}: replay ended at {next}, the log at {log.LastLsn}");
        Assert.True(sink.Expected == next.Value, $"{context}: {sink.Expected} of {next} records were pushed");
    }

    private struct CheckingSink : ILogSink
    {
        public required LogHistory History { get; init; }

        public required ulong Expected { get; set; }

        public required string Context { get; init; }

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            Assert.True(lsn.Value == Expected, $"{Context}: got record {lsn} where {Expected} follows");
            Assert.True(
                payload.SequenceEqual(History.PayloadOf(lsn.Value)),
                $"{Context}: record {lsn} is not what was appended");
            Expected++;
            return true;
        }
    }
}
