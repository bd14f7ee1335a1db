using Mortise.Indexing;

namespace Mortise.Host.Decorating;

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

    public virtual IIndexCursor OpenCursor(KeyRange range, ScanDirection direction) =>
        Inner.OpenCursor(range, direction);

    public virtual long Estimate(KeyRange range) => Inner.Estimate(range);

    public virtual void Dispose() => Inner.Dispose();
}
