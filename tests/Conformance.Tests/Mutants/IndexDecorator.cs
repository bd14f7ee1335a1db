using System.Diagnostics.CodeAnalysis;
using Mortise.Components;
using Mortise.Indexing;

namespace Mortise.Conformance.Tests.Mutants;

/// <summary>An index that passes everything on; mutants override what they break.</summary>
internal class IndexDecorator(IIndexFamily inner) : IIndexFamily
{
    protected IIndexFamily Inner { get; } = inner;

    public virtual ComponentIdentity Identity => Inner.Identity;

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

    public bool TryGet<T>([NotNullWhen(true)] out T? capability)
        where T : class
    {
        capability = this as T;
        return capability is not null || Inner.TryGet(out capability);
    }

    /// <summary>Applies only some changes of a batch.</summary>
    protected void ApplyWhere(in IndexBatch batch, Lsn lsn, Func<IndexMutation, bool> wanted)
    {
        List<IndexMutation> kept = [];
        foreach (IndexMutation mutation in batch.Mutations)
        {
            if (wanted(mutation))
            {
                kept.Add(mutation);
            }
        }

        Inner.Apply(new IndexBatch(lsn, batch.Arena, kept.ToArray()));
    }
}

/// <summary>A snapshot that passes everything on.</summary>
internal class SnapshotDecorator(IIndexSnapshot inner) : IIndexSnapshot
{
    protected IIndexSnapshot Inner { get; } = inner;

    public virtual Lsn Lsn => Inner.Lsn;

    public virtual bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength) =>
        Inner.TryGet(key, value, out valueLength);

    public virtual void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        using IIndexCursor cursor = OpenCursor(range, direction);
        while (cursor.MoveNext() && sink.Accept(cursor.Key, cursor.Value))
        {
        }
    }

    public virtual IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) => Inner.OpenCursor(range, direction);

    public virtual long Estimate(KeyRange range) => Inner.Estimate(range);

    public virtual void Dispose() => Inner.Dispose();
}

/// <summary>A cursor that passes everything on.</summary>
internal class CursorDecorator(IIndexCursor inner) : IIndexCursor
{
    protected IIndexCursor Inner { get; } = inner;

    public virtual ReadOnlySpan<byte> Key => Inner.Key;

    public virtual ReadOnlySpan<byte> Value => Inner.Value;

    public virtual bool MoveNext() => Inner.MoveNext();

    public virtual bool Seek(ReadOnlySpan<byte> key) => Inner.Seek(key);

    public virtual void Dispose() => Inner.Dispose();
}
