using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>A log that makes only so many bytes durable a second.</summary>
internal sealed class ThrottledLog(IWriteAheadLog inner, Pace pace) : LogDecorator(inner)
{
    public override Lsn Append(ReadOnlySpan<byte> payload)
    {
        Lsn lsn = Inner.Append(payload);
        pace.Charge(payload.Length);
        return lsn;
    }

    public override async ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        await pace.PayAsync(cancellation).ConfigureAwait(false);
        await Inner.SyncAsync(through, cancellation).ConfigureAwait(false);
    }
}

/// <summary>A record store that makes only so many bytes durable a second.</summary>
internal sealed class ThrottledRecordStore(IRecordStore inner, Pace pace) : RecordDecorator(inner)
{
    public override void Apply(in RecordBatch batch)
    {
        Inner.Apply(batch);
        pace.Charge(batch.Arena.Length);
    }

    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        await pace.PayAsync(cancellation).ConfigureAwait(false);
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
    }
}

/// <summary>An index that makes only so many bytes durable a second.</summary>
internal sealed class ThrottledIndex(IIndexFamily inner, Pace pace) : IndexDecorator(inner)
{
    public override void Apply(in IndexBatch batch)
    {
        Inner.Apply(batch);
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            pace.Charge(mutation.KeyLength + mutation.ValueLength);
        }
    }

    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        await pace.PayAsync(cancellation).ConfigureAwait(false);
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
    }
}
