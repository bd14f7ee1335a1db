using Mortise.Logging;

namespace Mortise.Host.Decorating;

/// <summary>A log whose answers are held to its contract while it serves.</summary>
/// <remarks>What can be seen without files and power cuts: the order of LSNs, what is called durable, what a replay
/// gives, that a failed sync is final, and that nothing answers after closing.</remarks>
internal sealed class CheckedLog : LogDecorator
{
    private readonly ContractCheck _check;
    private readonly WatermarkCheck _durable = new();
    private readonly WriterTurn _writer;
    private volatile bool _isClosed;
    private volatile bool _isFaulted;

    /// <summary>Checks a log that was just opened.</summary>
    /// <exception cref="StorageException">It says already what it must not.</exception>
    public CheckedLog(IWriteAheadLog inner, ContractCheck check)
        : base(inner)
    {
        _check = check;
        _writer = new WriterTurn(check, "the writer's calls overlap");
        if (inner.DurableLsn != inner.LastLsn)
        {
            throw check.Broken("open", "WL3", $"the last LSN is {inner.LastLsn}, and {inner.DurableLsn} is durable");
        }
    }

    /// <inheritdoc/>
    public override Lsn FirstLsn
    {
        get
        {
            Lsn first = Inner.FirstLsn;
            Lsn last = Inner.LastLsn;
            return first <= last.Next
                ? first
                : throw _check.Broken("first LSN", "WL1", $"it is {first}, and the last LSN is {last}");
        }
    }

    /// <inheritdoc/>
    public override Lsn DurableLsn => Durable("durable LSN");

    /// <inheritdoc/>
    public override Lsn Append(ReadOnlySpan<byte> payload)
    {
        using WriterTurn.Turn turn = _writer.Take("append");
        bool wasClosed = _isClosed;
        bool wasFaulted = _isFaulted;
        Lsn before = wasClosed ? Lsn.None : Inner.LastLsn;
        Lsn lsn = Inner.Append(payload);
        RequireOpen(wasClosed, "append");
        if (wasFaulted)
        {
            throw _check.Broken("append", "WL7", $"it took record {lsn} after a failed sync");
        }

        if (payload.IsEmpty || payload.Length > Inner.MaxPayloadBytes)
        {
            throw _check.Broken(
                "append", "WL15", $"it took {payload.Length} bytes; 1 to {Inner.MaxPayloadBytes} are allowed");
        }

        return lsn == before.Next && Inner.LastLsn == lsn
            ? lsn
            : throw _check.Broken(
                "append", "WL1", $"after {before} came {lsn}, and then the last LSN is {Inner.LastLsn}");
    }

    /// <inheritdoc/>
    public override async ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        bool wasClosed = _isClosed;
        bool wasFaulted = _isFaulted;
        bool wasDurable = !wasClosed && through <= Durable("sync");
        try
        {
            await Inner.SyncAsync(through, cancellation).ConfigureAwait(false);
        }
        catch (StorageException failed) when (failed.Code == StorageErrorCode.SyncFailed)
        {
            _isFaulted = true;
            throw;
        }

        RequireOpen(wasClosed, "sync");
        if (wasFaulted && !wasDurable)
        {
            throw _check.Broken("sync", "WL7", $"after a failed sync it calls {through} durable");
        }

        Lsn durable = Durable("sync");
        if (durable < through)
        {
            throw _check.Broken("sync", "WL6", $"it is done through {through}, and {durable} is durable");
        }
    }

    /// <inheritdoc/>
    public override Lsn Replay<TSink>(Lsn from, ref TSink sink)
    {
        bool wasClosed = _isClosed;
        var checking = new Sink<TSink>(this, from, sink);
        Lsn next;
        try
        {
            next = Inner.Replay(from, ref checking);
        }
        finally
        {
            sink = checking.Inner;
        }

        RequireOpen(wasClosed, "replay");
        if (checking.Turn.IsInside)
        {
            throw _check.Broken("replay", "WL23", "what the sink threw did not come through");
        }

        return next == checking.Next
            ? next
            : throw _check.Broken(
                "replay", "WL2", $"it says that {next} comes next; the sink was given what is before {checking.Next}");
    }

    /// <inheritdoc/>
    public override void Truncate(Lsn keepFrom)
    {
        using WriterTurn.Turn turn = _writer.Take("truncate");
        bool wasClosed = _isClosed;
        (Lsn First, Lsn Last) before = wasClosed ? default : (Inner.FirstLsn, Inner.LastLsn);
        Inner.Truncate(keepFrom);
        RequireOpen(wasClosed, "truncate");
        Lsn first = Inner.FirstLsn;
        if (first > Lsn.Max(keepFrom, before.First))
        {
            throw _check.Broken("truncate", "WL14", $"{keepFrom} was to be kept, and the first LSN is {first}");
        }

        if (Inner.LastLsn != before.Last)
        {
            throw _check.Broken(
                "truncate", "WL21", $"the last LSN was {before.Last} and is {Inner.LastLsn}");
        }
    }

    /// <inheritdoc/>
    public override void Restart(Lsn next)
    {
        using WriterTurn.Turn turn = _writer.Take("restart");
        bool wasClosed = _isClosed;
        Inner.Restart(next);
        RequireOpen(wasClosed, "restart");
        (Lsn first, Lsn last, Lsn durable) = (Inner.FirstLsn, Inner.LastLsn, Inner.DurableLsn);
        if (last.Next != next || first != next || durable != last)
        {
            throw _check.Broken(
                "restart",
                "WL22",
                $"{next} is to come next; the first LSN is {first}, the last {last}, the durable one {durable}");
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        _isClosed = true;
    }

    private Lsn Durable(string operation)
    {
        if (!_durable.Holds(Inner, static log => log.DurableLsn, out Lsn durable, out Lsn was))
        {
            throw _check.Broken(operation, "WL1", $"{was} was durable, and now {durable} is");
        }

        Lsn last = Inner.LastLsn;
        return durable <= last
            ? durable
            : throw _check.Broken(operation, "WL1", $"{durable} is durable, and the last LSN is {last}");
    }

    private void RequireOpen(bool wasClosed, string operation)
    {
        if (wasClosed)
        {
            throw _check.Broken(operation, "C2", "it answers after it was closed");
        }
    }

    private ref struct Sink<TSink>(CheckedLog log, Lsn from, TSink sink) : ILogSink
        where TSink : struct, ILogSink, allows ref struct
    {
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
        private TSink _sink = sink;
        private SinkTurn _turn;
#pragma warning restore IDE0044

        public readonly TSink Inner => _sink;

        public readonly SinkTurn Turn => _turn;

        public Lsn Next { get; private set; } = from;

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            if (!_turn.Begin())
            {
                throw log._check.Broken("replay", "WL23", $"it goes on to {lsn} after the sink has stopped");
            }

            if (lsn != Next || payload.IsEmpty)
            {
                throw log._check.Broken(
                    "replay", "WL2", $"{Next} comes next; it gave {lsn} with {payload.Length} bytes");
            }

            Next = lsn.Next;
            return _turn.End(_sink.Accept(lsn, payload));
        }
    }
}
