using Mortise.Indexing;

namespace Mortise.Host.Decorating;

/// <summary>An index whose calls are counted and timed. A cursor counts as one call, when it is opened.</summary>
internal sealed class MeteredIndex(IIndexFamily inner, CallMetrics metrics) : IndexDecorator(inner)
{
    public override void Apply(in IndexBatch batch)
    {
        using CallMetrics.Call call = metrics.Begin("apply");
        Inner.Apply(batch);
        long bytes = 0;
        foreach (ref readonly IndexMutation mutation in batch.Mutations)
        {
            bytes += mutation.KeyLength + mutation.ValueLength;
        }

        call.Succeed(bytes);
    }

    public override IIndexSnapshot OpenSnapshot() => new Snapshot(Inner.OpenSnapshot(), metrics);

    public override async ValueTask CheckpointAsync(CancellationToken cancellation = default)
    {
        using CallMetrics.Call call = metrics.Begin("checkpoint");
        await Inner.CheckpointAsync(cancellation).ConfigureAwait(false);
        call.Succeed();
    }

    private sealed class Snapshot(IIndexSnapshot inner, CallMetrics metrics) : SnapshotDecorator(inner)
    {
        public override bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
        {
            using CallMetrics.Call call = metrics.Begin("get");
            bool found = Inner.TryGet(key, value, out valueLength);
            call.Succeed(found ? key.Length + valueLength : 0);
            return found;
        }

        public override void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        {
            using CallMetrics.Call call = metrics.Begin("scan");
            Inner.Scan(range, direction, ref sink);
            call.Succeed();
        }

        public override IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
        {
            using CallMetrics.Call call = metrics.Begin("cursor");
            IIndexCursor cursor = Inner.OpenCursor(range, direction);
            call.Succeed();
            return cursor;
        }
    }
}
