using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A position in a snapshot's range.</summary>
/// <param name="snapshot">What is read.</param>
/// <param name="state">Bounds and sources, which the cursor gives back.</param>
internal sealed class IndexCursor(IndexSnapshot snapshot, ScanState state) : IIndexCursor
{
    private ScanState? _state = state;

    public ReadOnlySpan<byte> Key => State.Merge.Current.Key;

    public ReadOnlySpan<byte> Value => State.Merge.Current.Value;

    private ScanState State => _state ?? throw new ObjectDisposedException(nameof(IndexCursor));

    public bool MoveNext()
    {
        snapshot.ThrowIfDisposed();
        return _state is not null && _state.Merge.MoveNext();
    }

    public bool Seek(ReadOnlySpan<byte> key)
    {
        snapshot.ThrowIfDisposed();
        if (_state is null)
        {
            return false;
        }

        ScanBounds bounds = _state.Bounds;
        EntryMerge merge = _state.Merge;
        if (bounds.IsBackward)
        {
            if (bounds.IsBeforeStart(key))
            {
                merge.End();
                return false;
            }

            // Backward sources seek to an included key, so the excluded end is not one that they can be given.
            return bounds.IsPastEnd(key) ? merge.SeekFirst() : merge.Seek(key);
        }

        if (bounds.IsPastEnd(key))
        {
            merge.End();
            return false;
        }

        return merge.Seek(bounds.IsBeforeStart(key) ? bounds.Start : key);
    }

    public void Dispose()
    {
        _state?.Return();
        _state = null;
    }
}
