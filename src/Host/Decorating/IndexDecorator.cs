using System.Diagnostics.CodeAnalysis;
using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Host.Decorating;

/// <summary>An index that passes everything on; what decorates overrides what it changes.</summary>
internal class IndexDecorator(IIndexFamily inner) : IIndexFamily
{
    protected IIndexFamily Inner { get; } = inner;

    public virtual ComponentIdentity Identity => Inner.Identity;

    public virtual ComponentHealth Health => Inner.Health;

    public virtual IndexTraits Traits => Inner.Traits;

    public virtual Lsn AppliedLsn => Inner.AppliedLsn;

    public virtual Lsn DurableLsn => Inner.DurableLsn;

    public virtual IndexStatistics Statistics => Inner.Statistics;

    public virtual void Apply(in IndexBatch batch) => Inner.Apply(batch);

    public virtual IIndexSnapshot OpenSnapshot() => Inner.OpenSnapshot();

    public virtual ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
        Inner.CheckpointAsync(cancellation);

    public virtual ValueTask ResetAsync(CancellationToken cancellation = default) => Inner.ResetAsync(cancellation);

    public virtual ValueTask DisposeAsync() => Inner.DisposeAsync();

    public virtual bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        capability = this as T;
        return capability is not null || Inner.TryGet(out capability);
    }
}
