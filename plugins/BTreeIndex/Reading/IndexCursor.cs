using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>A position in a snapshot's range.</summary>
internal sealed class IndexCursor(IndexSnapshot snapshot, ScanBounds bounds, EntryMerge merge) : IIndexCursor
{
    public ReadOnlySpan<byte> Key => merge.Current.Key;

    public ReadOnlySpan<byte> Value => merge.Current.Value;

    public bool MoveNext()
    {
        snapshot.ThrowIfDisposed();
        return merge.MoveNext();
    }

    public bool Seek(ReadOnlySpan<byte> key)
    {
        snapshot.ThrowIfDisposed();
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

    public void Dispose() => merge.Dispose();
}
