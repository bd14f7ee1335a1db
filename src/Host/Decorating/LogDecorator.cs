using System.Diagnostics.CodeAnalysis;
using Mortise.Components;
using Mortise.Logging;

namespace Mortise.Host.Decorating;

/// <summary>A log that passes everything on; what decorates overrides what it changes.</summary>
internal class LogDecorator(IWriteAheadLog inner) : IWriteAheadLog
{
    protected IWriteAheadLog Inner { get; } = inner;

    public virtual ComponentIdentity Identity => Inner.Identity;

    public virtual ComponentHealth Health => Inner.Health;

    public virtual Lsn FirstLsn => Inner.FirstLsn;

    public virtual Lsn LastLsn => Inner.LastLsn;

    public virtual Lsn DurableLsn => Inner.DurableLsn;

    public virtual int MaxPayloadBytes => Inner.MaxPayloadBytes;

    public virtual LogRecoveryReport Recovery => Inner.Recovery;

    public virtual LogStatistics Statistics => Inner.Statistics;

    public virtual Lsn Append(ReadOnlySpan<byte> payload) => Inner.Append(payload);

    public virtual ValueTask SyncAsync(Lsn through, CancellationToken cancellation = default) =>
        Inner.SyncAsync(through, cancellation);

    public virtual Lsn Replay<TSink>(Lsn from, ref TSink sink)
        where TSink : struct, ILogSink, allows ref struct => Inner.Replay(from, ref sink);

    public virtual void Truncate(Lsn keepFrom) => Inner.Truncate(keepFrom);

    public virtual void Restart(Lsn next) => Inner.Restart(next);

    public virtual ValueTask DisposeAsync() => Inner.DisposeAsync();

    public bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        capability = this as T;
        return capability is not null || Inner.TryGet(out capability);
    }
}
