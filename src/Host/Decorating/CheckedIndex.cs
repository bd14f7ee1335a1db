using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using Mortise.Indexing;

namespace Mortise.Host.Decorating;

/// <summary>An index whose answers are held to its contract while it serves.</summary>
/// <remarks>What can be seen without files and power cuts: LSNs, what a batch must not be, that the last change of each
/// batch is there, what <see cref="CheckedSnapshot"/> looks at, and that nothing answers after closing.</remarks>
internal sealed class CheckedIndex : IndexDecorator
{
    private readonly ContractCheck _check;
    private readonly WatermarkCheck _durable = new();
    private readonly WriterTurn _writer;
    private readonly WriterTurn _checkpoint;
    private readonly Action _snapshotClosed;
    private long _snapshots;
    private volatile bool _isClosed;

    /// <summary>Checks an index that was just opened.</summary>
    /// <exception cref="StorageException">It says already what it must not.</exception>
    public CheckedIndex(IIndexFamily inner, ContractCheck check)
        : base(inner)
    {
        _check = check;
        _writer = new WriterTurn(check, "the writer's calls overlap");
        _snapshotClosed = () => Interlocked.Decrement(ref _snapshots);
        _checkpoint = new WriterTurn(check, "a checkpoint is pending already");
        if (inner.AppliedLsn != inner.DurableLsn)
        {
            throw check.Broken(
                "open", "IX7", $"its state is of {inner.AppliedLsn}, and {inner.DurableLsn} is durable");
        }
    }

    /// <inheritdoc/>
    public override Lsn DurableLsn => Durable("durable LSN");

    /// <inheritdoc/>
    public override void Apply(in IndexBatch batch)
    {
        using WriterTurn.Turn turn = _writer.Take("apply");
        bool wasClosed = _isClosed;
        Lsn before = wasClosed ? Lsn.None : Inner.AppliedLsn;
        Inner.Apply(batch);
        RequireOpen(wasClosed, "apply");
        if (batch.Lsn != Lsn.None && batch.Lsn <= before)
        {
            throw _check.Broken("apply", "IX16", $"it took batch {batch.Lsn} after {before}");
        }

        Lsn after = Inner.AppliedLsn;
        Lsn expected = batch.Lsn == Lsn.None ? before : batch.Lsn;
        if (after != expected)
        {
            throw _check.Broken(
                "apply",
                batch.Lsn == Lsn.None ? "IX10" : "IX16",
                $"after a batch of LSN {batch.Lsn} the applied LSN is {after}, not {expected}");
        }

        RequireSound(batch);
        if (batch.Lsn != Lsn.None && batch.Mutations.Length > 0)
        {
            RequireThere(batch, batch.Mutations[^1]);
        }
    }

    /// <inheritdoc/>
    public override IIndexSnapshot OpenSnapshot()
    {
        bool wasClosed = _isClosed;
        int discards = _durable.Discards;
        Lsn least = wasClosed ? Lsn.None : Inner.AppliedLsn;
        IIndexSnapshot snapshot = Inner.OpenSnapshot();
        RequireOpen(wasClosed, "snapshot");
        Lsn most = Inner.AppliedLsn;
        if (discards % 2 == 0 && discards == _durable.Discards && (snapshot.Lsn < least || snapshot.Lsn > most))
        {
            throw _check.Broken(
                "snapshot", "IX22", $"it is of {snapshot.Lsn}, and was opened between {least} and {most}");
        }

        Interlocked.Increment(ref _snapshots);
        return new CheckedSnapshot(snapshot, Inner.Traits, _check, _snapshotClosed);
    }

    /// <inheritdoc/>
    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        using WriterTurn.Turn turn = _checkpoint.Take("checkpoint");
        bool wasClosed = _isClosed;
        int discards = _durable.Discards;
        Lsn applied = wasClosed ? Lsn.None : Inner.AppliedLsn;
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
        RequireOpen(wasClosed, "checkpoint");
        Lsn durable = Durable("checkpoint");
        if (!Inner.Traits.IsPersistent && durable != Lsn.None)
        {
            throw _check.Broken("checkpoint", "IX40", $"it is not persistent, and calls {durable} durable");
        }

        if (Inner.Traits.IsPersistent && durable < applied && discards == _durable.Discards)
        {
            throw _check.Broken("checkpoint", "IX7", $"{applied} was applied, and {durable} is durable");
        }
    }

    /// <inheritdoc/>
    public override async ValueTask ResetAsync(CancellationToken cancellation = default)
    {
        using WriterTurn.Turn turn = _writer.Take("reset");
        bool wasClosed = _isClosed;
        _durable.BeginDiscard();
        try
        {
            await Inner.ResetAsync(cancellation).ConfigureAwait(false);
            RequireOpen(wasClosed, "reset");
            (Lsn applied, Lsn durable) = (Inner.AppliedLsn, Inner.DurableLsn);
            if (applied != Lsn.None || durable != Lsn.None)
            {
                throw _check.Broken(
                    "reset", "IX17", $"after it {applied} is applied and {durable} durable; nothing must be");
            }
        }
        finally
        {
            _durable.EndDiscard();
        }
    }

    /// <inheritdoc/>
    public override async ValueTask DisposeAsync()
    {
        await base.DisposeAsync().ConfigureAwait(false);
        if (!_isClosed)
        {
            _isClosed = true;
            _check.Left("snapshots", Interlocked.Read(ref _snapshots));
        }
    }

    /// <inheritdoc/>
    public override bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        if (!base.TryGet(out capability))
        {
            return false;
        }

        if (typeof(T) == typeof(IPackableIndex))
        {
            capability = (T)(object)new Packing((IPackableIndex)capability, this);
        }

        return true;
    }

    private Lsn Durable(string operation)
    {
        int discards = _durable.Discards;
        if (!_durable.Holds(Inner, static index => index.DurableLsn, out Lsn durable, out Lsn was))
        {
            throw _check.Broken(operation, "IX7", $"{was} was durable, and now {durable} is");
        }

        Lsn applied = Inner.AppliedLsn;
        return durable <= applied || discards % 2 != 0 || discards != _durable.Discards
            ? durable
            : throw _check.Broken(operation, "IX7", $"{durable} is durable, and {applied} is what was applied");
    }

    /// <summary>It was taken, so it must have been as a batch must be.</summary>
    private void RequireSound(in IndexBatch batch)
    {
        IndexTraits traits = Inner.Traits;
        ReadOnlySpan<byte> previous = default;
        for (int i = 0; i < batch.Mutations.Length; i++)
        {
            ref readonly IndexMutation mutation = ref batch.Mutations[i];
            ReadOnlySpan<byte> key = batch.Key(mutation);
            if (i > 0 && key.SequenceCompareTo(previous) <= 0)
            {
                throw _check.Broken(
                    "apply", "IX16", $"it took key {ContractCheck.Show(key)} after {ContractCheck.Show(previous)}");
            }

            if (key.Length > traits.MaxKeyBytes || mutation.ValueLength > traits.MaxValueBytes)
            {
                throw _check.Broken(
                    "apply",
                    "IX11",
                    $"it took a key of {key.Length} and a value of {mutation.ValueLength} bytes; the most are "
                        + $"{traits.MaxKeyBytes} and {traits.MaxValueBytes}");
            }

            previous = key;
        }
    }

    private void RequireThere(in IndexBatch batch, in IndexMutation last)
    {
        ReadOnlySpan<byte> key = batch.Key(last);
        byte[] room = ArrayPool<byte>.Shared.Rent(Inner.Traits.MaxValueBytes);
        using IIndexSnapshot snapshot = Inner.OpenSnapshot();
        bool isThere = snapshot.TryGet(key, room, out int length);
        bool isSame = last.Operation == IndexOperation.Set
            ? isThere && batch.Value(last).SequenceEqual(room.AsSpan(0, length))
            : !isThere;
        ArrayPool<byte>.Shared.Return(room);
        if (!isSame)
        {
            throw _check.Broken(
                "apply",
                last.Operation == IndexOperation.Set ? "IX1" : "IX5",
                $"{last.Operation} of key {ContractCheck.Show(key)}, and a lookup "
                    + (isThere ? $"gives {length} bytes" : "does not find it"));
        }
    }

    private void RequireOpen(bool wasClosed, string operation)
    {
        if (wasClosed)
        {
            throw _check.Broken(operation, "C2", "it answers after it was closed");
        }
    }

    private sealed class Packing(IPackableIndex packable, CheckedIndex index) : IPackableIndex
    {
        public bool IsPacked => packable.IsPacked;

        public async ValueTask PackAsync(CancellationToken cancellation = default)
        {
            int discards = index._durable.Discards;
            Lsn applied = index.Inner.AppliedLsn;
            await packable.PackAsync(cancellation).ConfigureAwait(false);
            Lsn durable = index.Durable("pack");
            if (index.Inner.Traits.IsPersistent && durable < applied && discards == index._durable.Discards)
            {
                throw index._check.Broken("pack", "IX30", $"{applied} was applied, and {durable} is durable");
            }
        }
    }
}
