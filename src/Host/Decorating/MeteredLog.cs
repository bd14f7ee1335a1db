using Mortise.Logging;

namespace Mortise.Host.Decorating;

/// <summary>A log whose calls are counted and timed.</summary>
internal sealed class MeteredLog(IWriteAheadLog inner, CallMetrics metrics) : LogDecorator(inner)
{
    public override Lsn Append(ReadOnlySpan<byte> payload)
    {
        using CallMetrics.Call call = metrics.Begin("append");
        Lsn lsn = Inner.Append(payload);
        call.Succeed(payload.Length);
        return lsn;
    }

    public override async ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default)
    {
        using CallMetrics.Call call = metrics.Begin("sync");
        await Inner.SyncAsync(through, cancellation).ConfigureAwait(false);
        call.Succeed();
    }

    public override void Truncate(Lsn keepFrom)
    {
        using CallMetrics.Call call = metrics.Begin("truncate");
        Inner.Truncate(keepFrom);
        call.Succeed();
    }
}
