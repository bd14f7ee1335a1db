using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>A record store whose answers are held to its contract while it serves.</summary>
/// <remarks>What can be seen without files and power cuts: LSNs, what is planned, what a scan and a bulk read give,
/// that the newest record reads back, that leases are given back once, and that nothing answers after
/// closing.</remarks>
internal sealed class CheckedRecordStore : RecordDecorator
{
    private readonly ContractCheck _check;
    private readonly WatermarkCheck _applied = new();
    private readonly WatermarkCheck _durable = new();
    private readonly WriterTurn _writer;
    private readonly LeaseBook _leases;
    private volatile bool _isClosed;

    /// <summary>Checks a store that was just opened.</summary>
    /// <exception cref="StorageException">It says already what it must not.</exception>
    public CheckedRecordStore(IRecordStore inner, ContractCheck check)
        : base(inner)
    {
        _check = check;
        _writer = new WriterTurn(check, "the writer's calls overlap");
        _leases = new LeaseBook(check);
        if (inner.AppliedLsn != inner.DurableLsn)
        {
            throw check.Broken(
                "open", "RS9", $"its state is of {inner.AppliedLsn}, and {inner.DurableLsn} is durable");
        }
    }

    /// <inheritdoc/>
    public override Lsn AppliedLsn => _applied.Holds(Inner, static store => store.AppliedLsn, out Lsn lsn, out Lsn was)
        ? lsn
        : throw _check.Broken("applied LSN", "RS6", $"it was {was} and is {lsn}");

    /// <inheritdoc/>
    public override Lsn DurableLsn => Durable("durable LSN");

    /// <inheritdoc/>
    public override void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations)
    {
        bool wasClosed = _isClosed;
        Inner.Plan(lengths, locations);
        RequireOpen(wasClosed, "plan");
        RecordLocation previous = RecordLocation.None;
        for (int i = 0; i < lengths.Length; i++)
        {
            if (lengths[i] < 1 || lengths[i] > Inner.MaxRecordBytes)
            {
                throw _check.Broken(
                    "plan", "RS12", $"it plans {lengths[i]} bytes; 1 to {Inner.MaxRecordBytes} are allowed");
            }

            if (locations[i] <= previous)
            {
                throw _check.Broken("plan", "RS4", $"location {locations[i]} does not come after {previous}");
            }

            previous = locations[i];
        }
    }

    /// <inheritdoc/>
    public override void Apply(in RecordBatch batch)
    {
        using WriterTurn.Turn turn = _writer.Take("apply");
        bool wasClosed = _isClosed;
        Lsn before = wasClosed ? Lsn.None : Inner.AppliedLsn;
        Inner.Apply(batch);
        RequireOpen(wasClosed, "apply");
        Lsn after = Inner.AppliedLsn;
        if (after != Lsn.Max(before, batch.Lsn))
        {
            throw _check.Broken("apply", "RS6", $"batch {batch.Lsn} came after {before} and made it {after}");
        }

        if (batch.Lsn > before && batch.Mutations.Length > 0
            && batch.Mutations[^1] is { Operation: RecordOperation.Put } newest)
        {
            RequireReadable(batch, newest);
        }
    }

    /// <inheritdoc/>
    public override RecordLease Read(RecordLocation location)
    {
        bool wasClosed = _isClosed;
        RecordLease lease = Inner.Read(location);
        RequireOpen(wasClosed, "read");
        RequireRecord("read", location, lease.Bytes.Length, lease.Info);
        return _leases.Enter(lease);
    }

    /// <inheritdoc/>
    public override void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
    {
        bool wasClosed = _isClosed;
        var checking = new BulkSink<TSink>(this, locations, sink);
        try
        {
            Inner.ReadMany(locations, ref checking);
        }
        finally
        {
            sink = checking.Inner;
        }

        RequireOpen(wasClosed, "bulk read");
        if (checking.Turn.IsInside)
        {
            throw _check.Broken("bulk read", "RS19", "what the sink threw did not come through");
        }

        if (!checking.Turn.IsStopped && checking.Count != locations.Length)
        {
            throw _check.Broken(
                "bulk read", "RS17", $"{locations.Length} records were asked for, and {checking.Count} came");
        }
    }

    /// <inheritdoc/>
    public override void Scan<TSink>(ScanDirection direction, ref TSink sink)
    {
        bool wasClosed = _isClosed;
        var checking = new ScanSink<TSink>(this, direction, sink);
        try
        {
            Inner.Scan(direction, ref checking);
        }
        finally
        {
            sink = checking.Inner;
        }

        RequireOpen(wasClosed, "scan");
        if (checking.Turn.IsInside)
        {
            throw _check.Broken("scan", "RS19", "what the sink threw did not come through");
        }
    }

    /// <inheritdoc/>
    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        bool wasClosed = _isClosed;
        Lsn applied = wasClosed ? Lsn.None : Inner.AppliedLsn;
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
        RequireOpen(wasClosed, "checkpoint");
        Lsn durable = Durable("checkpoint");
        if (durable < applied)
        {
            throw _check.Broken("checkpoint", "RS8", $"{applied} was applied, and {durable} is durable");
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        if (!_isClosed)
        {
            _isClosed = true;
            _check.Left("leases of records", _leases.Count);
        }
    }

    private Lsn Durable(string operation)
    {
        if (!_durable.Holds(Inner, static store => store.DurableLsn, out Lsn durable, out Lsn was))
        {
            throw _check.Broken(operation, "RS8", $"{was} was durable, and now {durable} is");
        }

        Lsn applied = Inner.AppliedLsn;
        return durable <= applied
            ? durable
            : throw _check.Broken(operation, "RS8", $"{durable} is durable, and {applied} is what was applied");
    }

    private void RequireReadable(in RecordBatch batch, in RecordMutation newest)
    {
        using RecordLease lease = Inner.Read(newest.Location);
        if (!lease.Bytes.SequenceEqual(batch.Body(newest)))
        {
            throw _check.Broken(
                "apply",
                "RS1",
                $"what was put at {newest.Location}, {newest.Length} bytes, reads back as {lease.Bytes.Length} other "
                    + "bytes");
        }
    }

    private void RequireRecord(string operation, RecordLocation location, int length, RecordInfo info)
    {
        if (length < 1 || length > Inner.MaxRecordBytes)
        {
            throw _check.Broken(
                operation,
                "RS13",
                $"the record at {location} has {length} bytes; 1 to {Inner.MaxRecordBytes} are allowed");
        }

        Lsn applied = Inner.AppliedLsn;
        if (info.Lsn == Lsn.None || info.Lsn > applied)
        {
            throw _check.Broken(
                operation,
                "RS2",
                $"the record at {location} is of commit {info.Lsn}, and {applied} is what was applied");
        }
    }

    private void RequireOpen(bool wasClosed, string operation)
    {
        if (wasClosed)
        {
            throw _check.Broken(operation, "C2", "it answers after it was closed");
        }
    }

    private ref struct BulkSink<TSink>(
        CheckedRecordStore store, ReadOnlySpan<RecordLocation> locations, TSink sink) : IRecordSink
        where TSink : struct, IRecordSink, allows ref struct
    {
        private readonly ReadOnlySpan<RecordLocation> _locations = locations;
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
        private TSink _sink = sink;
        private SinkTurn _turn;
#pragma warning restore IDE0044

        public readonly TSink Inner => _sink;

        public readonly SinkTurn Turn => _turn;

        public int Count { get; private set; }

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            if (!_turn.Begin())
            {
                throw store._check.Broken("bulk read", "RS19", "it goes on after the sink has stopped");
            }

            if (Count == _locations.Length || location != _locations[Count])
            {
                throw store._check.Broken(
                    "bulk read",
                    "RS17",
                    Count == _locations.Length
                        ? $"it gives {location} after all {Count} that were asked for"
                        : $"{_locations[Count]} comes next, and it gives {location}");
            }

            store.RequireRecord("bulk read", location, record.Length, info);
            Count++;
            return _turn.End(_sink.Accept(location, record, info));
        }
    }

    private ref struct ScanSink<TSink>(CheckedRecordStore store, ScanDirection direction, TSink sink) : IRecordSink
        where TSink : struct, IRecordSink, allows ref struct
    {
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
        private TSink _sink = sink;
        private SinkTurn _turn;
#pragma warning restore IDE0044
        private RecordLocation _previous;

        public readonly TSink Inner => _sink;

        public readonly SinkTurn Turn => _turn;

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            if (!_turn.Begin())
            {
                throw store._check.Broken("scan", "RS19", "it goes on after the sink has stopped");
            }

            bool isNext = direction == ScanDirection.Forward ? location > _previous : location < _previous;
            if (_previous != RecordLocation.None && !isNext)
            {
                throw store._check.Broken("scan", "RS3", $"{location} comes after {_previous}, {direction}");
            }

            _previous = location;
            store.RequireRecord("scan", location, record.Length, info);
            return _turn.End(_sink.Accept(location, record, info));
        }
    }
}
