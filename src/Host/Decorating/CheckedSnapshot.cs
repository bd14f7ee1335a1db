using System.Buffers;
using Mortise.Indexing;

namespace Mortise.Host.Decorating;

/// <summary>A snapshot whose answers are held to the contract: order, bounds, lengths, and that nobody uses it, or a
/// cursor of it, after it was closed.</summary>
internal sealed class CheckedSnapshot(IIndexSnapshot inner, IndexTraits traits, ContractCheck check, Action closed)
    : SnapshotDecorator(inner)
{
    private readonly Lsn _lsn = inner.Lsn;
    private int _isClosed;

    private bool IsClosed => Volatile.Read(ref _isClosed) != 0;

    /// <inheritdoc/>
    public override Lsn Lsn
    {
        get
        {
            Lsn lsn = Inner.Lsn;
            return lsn == _lsn
                ? lsn
                : throw check.Broken("snapshot LSN", "IX22", $"it was {_lsn} and is {lsn}");
        }
    }

    /// <inheritdoc/>
    public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
    {
        bool wasClosed = IsClosed;
        bool found = Inner.TryGet(key, value, out valueLength);
        RequireInUse(wasClosed, "get");
        if (found && (valueLength < 0 || valueLength > value.Length || valueLength > traits.MaxValueBytes))
        {
            throw check.Broken(
                "get",
                "IX26",
                $"key {ContractCheck.Show(key)} has {valueLength} bytes in a buffer of {value.Length}; the longest "
                    + $"value has {traits.MaxValueBytes}");
        }

        return found;
    }

    /// <inheritdoc/>
    public override void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
    {
        bool wasClosed = IsClosed;
        byte[] room = ArrayPool<byte>.Shared.Rent(traits.MaxKeyBytes);
        var checking = new Sink<TSink>(new EntryOrder(check, traits, direction), range, room, sink);
        try
        {
            Inner.Scan(range, direction, ref checking);
        }
        finally
        {
            sink = checking.Inner;
            ArrayPool<byte>.Shared.Return(room);
        }

        RequireInUse(wasClosed, "scan");
        if (checking.Turn.IsInside)
        {
            throw check.Broken("scan", "IX25", "what the sink threw did not come through");
        }
    }

    /// <inheritdoc/>
    public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
    {
        bool wasClosed = IsClosed;
        IIndexCursor cursor = Inner.OpenCursor(range, direction);
        RequireInUse(wasClosed, "cursor");
        return new Cursor(cursor, this, range, direction);
    }

    /// <inheritdoc/>
    public override long Estimate(KeyRange range)
    {
        bool wasClosed = IsClosed;
        long estimate = Inner.Estimate(range);
        RequireInUse(wasClosed, "estimate");
        if (estimate > 0)
        {
            return estimate;
        }

        // Nothing, or less: then there must be nothing, which one look tells.
        using IIndexCursor cursor = Inner.OpenCursor(range, ScanDirection.Forward);
        return estimate == 0 && !cursor.MoveNext()
            ? estimate
            : throw check.Broken("estimate", "IX14", $"it is {estimate}, and the range is not empty");
    }

    /// <inheritdoc/>
    public override void Dispose()
    {
        if (Interlocked.Exchange(ref _isClosed, 1) == 0)
        {
            closed();
        }

        base.Dispose();
    }

    private void RequireInUse(bool wasClosed, string operation)
    {
        if (wasClosed)
        {
            throw check.Misused(operation, "the snapshot was closed before");
        }
    }

    /// <summary>The order and the bounds of the entries of one pass.</summary>
    private readonly struct EntryOrder(ContractCheck check, IndexTraits traits, ScanDirection direction)
    {
        public ContractCheck Check => check;

        public bool IsForward => direction == ScanDirection.Forward;

        /// <summary>Holds an entry against the one before it.</summary>
        public void Require(
            string operation,
            bool isFirst,
            ReadOnlySpan<byte> previous,
            ReadOnlySpan<byte> start,
            ReadOnlySpan<byte> end,
            ReadOnlySpan<byte> key,
            int valueLength)
        {
            if (key.Length > traits.MaxKeyBytes || valueLength > traits.MaxValueBytes)
            {
                throw check.Broken(
                    operation,
                    "IX11",
                    $"a key of {key.Length} and a value of {valueLength} bytes; the most are {traits.MaxKeyBytes} and "
                        + $"{traits.MaxValueBytes}");
            }

            int order = isFirst ? 0 : key.SequenceCompareTo(previous);
            if (!isFirst && (IsForward ? order <= 0 : order >= 0))
            {
                throw check.Broken(
                    operation,
                    "IX3",
                    $"key {ContractCheck.Show(key)} comes after {ContractCheck.Show(previous)}, {direction}");
            }

            // What comes in order can only leave the range at the end that it moves to, but for the first.
            if (((isFirst || !IsForward) && key.SequenceCompareTo(start) < 0)
                || ((isFirst || IsForward) && !end.IsEmpty && key.SequenceCompareTo(end) >= 0))
            {
                throw check.Broken(
                    operation,
                    "IX13",
                    $"key {ContractCheck.Show(key)} is outside of {ContractCheck.Show(start)} to "
                        + $"{ContractCheck.Show(end)}, excluded");
            }
        }
    }

    private ref struct Sink<TSink>(EntryOrder order, KeyRange range, byte[] room, TSink sink) : IEntrySink
        where TSink : struct, IEntrySink, allows ref struct
    {
        private readonly KeyRange _range = range;
#pragma warning disable IDE0044 // A sink is a struct that changes while it accepts.
        private TSink _sink = sink;
        private SinkTurn _turn;
#pragma warning restore IDE0044
        private int _length = -1;

        public readonly TSink Inner => _sink;

        public readonly SinkTurn Turn => _turn;

        public bool Accept(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
        {
            if (!_turn.Begin())
            {
                throw order.Check.Broken("scan", "IX25", "it goes on after the sink has stopped");
            }

            order.Require(
                "scan", _length < 0, room.AsSpan(0, Math.Max(0, _length)), _range.Start, _range.End, key, value.Length);
            key.CopyTo(room);
            _length = key.Length;
            return _turn.End(_sink.Accept(key, value));
        }
    }

    /// <summary>Holds bounds and the last key in one rented array: start, end, key.</summary>
    private sealed class Cursor : CursorDecorator
    {
        private readonly CheckedSnapshot _snapshot;
        private readonly EntryOrder _order;
        private readonly int _startLength;
        private readonly int _endLength;
        private byte[] _keys;
        private int _length = -1;
        private bool _isPastEnd;
        private bool _isClosed;

        public Cursor(IIndexCursor inner, CheckedSnapshot snapshot, KeyRange range, ScanDirection direction)
            : base(inner)
        {
            _snapshot = snapshot;
            _order = new EntryOrder(snapshot.Check, snapshot.Traits, direction);
            (_startLength, _endLength) = (range.Start.Length, range.End.Length);
            _keys = ArrayPool<byte>.Shared.Rent(_startLength + _endLength + snapshot.Traits.MaxKeyBytes);
            range.Start.CopyTo(_keys);
            range.End.CopyTo(_keys.AsSpan(_startLength));
        }

        public override bool MoveNext()
        {
            RequireInUse("cursor");
            bool moved = Inner.MoveNext();
            return Arrive("cursor", moved, mayStay: false);
        }

        public override bool Seek(ReadOnlySpan<byte> key)
        {
            RequireInUse("seek");
            bool found = Inner.Seek(key);
            int order = found ? Inner.Key.SequenceCompareTo(key) : 0;
            if (_order.IsForward ? order < 0 : order > 0)
            {
                throw _snapshot.Check.Broken(
                    "seek",
                    "IX19",
                    $"key {ContractCheck.Show(Inner.Key)} is before {ContractCheck.Show(key)}, which was looked for");
            }

            return Arrive("seek", found, mayStay: true);
        }

        public override void Dispose()
        {
            if (!_isClosed)
            {
                _isClosed = true;
                byte[] keys = _keys;
                _keys = [];
                ArrayPool<byte>.Shared.Return(keys);
            }

            base.Dispose();
        }

        private bool Arrive(string operation, bool moved, bool mayStay)
        {
            if (!moved)
            {
                _isPastEnd = true;
                return false;
            }

            ReadOnlySpan<byte> key = Inner.Key;
            if (_isPastEnd)
            {
                throw _snapshot.Check.Broken(
                    operation, "IX19", $"it was past the last entry, and is at key {ContractCheck.Show(key)}");
            }

            Span<byte> keys = _keys;
            Span<byte> previous = keys[(_startLength + _endLength)..];
            if (!mayStay || _length < 0 || !key.SequenceEqual(previous[.._length]))
            {
                _order.Require(
                    operation,
                    _length < 0,
                    previous[..Math.Max(0, _length)],
                    keys[.._startLength],
                    keys.Slice(_startLength, _endLength),
                    key,
                    Inner.Value.Length);
                key.CopyTo(previous);
                _length = key.Length;
            }

            return true;
        }

        private void RequireInUse(string operation)
        {
            if (_isClosed || _snapshot.IsClosed)
            {
                throw _snapshot.Check.Misused(
                    operation, _isClosed ? "the cursor was closed before" : "the cursor's snapshot was closed before");
            }
        }
    }

    private ContractCheck Check => check;

    private IndexTraits Traits => traits;
}
