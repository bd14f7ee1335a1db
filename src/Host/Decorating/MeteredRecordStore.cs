using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>A record store whose calls are counted and timed.</summary>
internal sealed class MeteredRecordStore(IRecordStore inner, CallMetrics metrics) : RecordDecorator(inner)
{
    public override void Apply(in RecordBatch batch)
    {
        using CallMetrics.Call call = metrics.Begin("apply");
        Inner.Apply(batch);
        call.Succeed(batch.Arena.Length);
    }

    public override RecordLease Read(RecordLocation location)
    {
        using CallMetrics.Call call = metrics.Begin("read");
        RecordLease lease = Inner.Read(location);
        call.Succeed(lease.Bytes.Length);
        return lease;
    }

    public override void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
    {
        using CallMetrics.Call call = metrics.Begin("read-many");
        Inner.ReadMany(locations, ref sink);
        call.Succeed();
    }

    public override void Scan<TSink>(ScanDirection direction, ref TSink sink)
    {
        using CallMetrics.Call call = metrics.Begin("scan");
        Inner.Scan(direction, ref sink);
        call.Succeed();
    }

    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        using CallMetrics.Call call = metrics.Begin("checkpoint");
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
        call.Succeed();
    }
}
