using System.Diagnostics.CodeAnalysis;
using Mortise.Components;
using Mortise.Records;

namespace Mortise.Host.Decorating;

/// <summary>A record store that passes everything on; what decorates overrides what it changes.</summary>
internal class RecordDecorator(IRecordStore inner) : IRecordStore
{
    protected IRecordStore Inner { get; } = inner;

    public virtual ComponentIdentity Identity => Inner.Identity;

    public virtual ComponentHealth Health => Inner.Health;

    public virtual Lsn AppliedLsn => Inner.AppliedLsn;

    public virtual Lsn DurableLsn => Inner.DurableLsn;

    public virtual int MaxRecordBytes => Inner.MaxRecordBytes;

    public virtual RecordStoreStatistics Statistics => Inner.Statistics;

    public virtual void Plan(ReadOnlySpan<int> lengths, Span<RecordLocation> locations) =>
        Inner.Plan(lengths, locations);

    public virtual void Apply(in RecordBatch batch) => Inner.Apply(batch);

    public virtual RecordLease Read(RecordLocation location) => Inner.Read(location);

    public virtual void ReadMany<TSink>(ReadOnlySpan<RecordLocation> locations, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => Inner.ReadMany(locations, ref sink);

    public virtual void Scan<TSink>(ScanDirection direction, ref TSink sink)
        where TSink : struct, IRecordSink, allows ref struct => Inner.Scan(direction, ref sink);

    public virtual ValueTask CheckpointAsync(CancellationToken cancellation = default) =>
        Inner.CheckpointAsync(cancellation);

    public virtual ValueTask DisposeAsync() => Inner.DisposeAsync();

    public bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        capability = this as T;
        return capability is not null || Inner.TryGet(out capability);
    }
}
