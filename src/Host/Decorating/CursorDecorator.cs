using Mortise.Indexing;

namespace Mortise.Host.Decorating;

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
