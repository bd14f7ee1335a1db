using Mortise.Indexing;

namespace Mortise.Reference;

/// <summary>A snapshot: a reference to a state that never changes.</summary>
internal sealed class IndexStateSnapshot(IndexState state) : IIndexSnapshot
{
    private volatile bool _disposed;

    public Lsn Lsn
    {
        get
        {
            ThrowIfDisposed();
            return state.Lsn;
        }
    }

    public bool TryGet(ReadOnlySpan<byte> key, Span<byte> value, out int valueLength)
    {
        ThrowIfDisposed();
        valueLength = 0;
        int at = state.CountBefore(key);
        if (at == state.Entries.Count || !state.Entries[at].Key.AsSpan().SequenceEqual(key))
        {
            return false;
        }

        byte[] found = state.Entries[at].Value;
        if (found.Length > value.Length)
        {
            throw new ArgumentException($"the value has {found.Length} bytes", nameof(value));
        }

        found.CopyTo(value);
        valueLength = found.Length;
        return true;
    }

    public void Scan<TSink>(KeyRange range, ScanDirection direction, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        ThrowIfDisposed();
        using IIndexCursor cursor = OpenCursor(range, direction);
        while (cursor.MoveNext() && sink.Accept(cursor.Key, cursor.Value))
        {
        }
    }

    public IIndexCursor OpenCursor(KeyRange range, ScanDirection direction)
    {
        ThrowIfDisposed();
        if (direction is not (ScanDirection.Forward or ScanDirection.Backward))
        {
            throw new ArgumentOutOfRangeException(nameof(direction), direction, "not a direction");
        }

        (int first, int end) = state.Positions(range);
        return new IndexStateCursor(state, first, end, direction);
    }

    public long Estimate(KeyRange range)
    {
        ThrowIfDisposed();
        (int first, int end) = state.Positions(range);
        return end - first;
    }

    public void Dispose() => _disposed = true;

    private void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(_disposed, this);
}
