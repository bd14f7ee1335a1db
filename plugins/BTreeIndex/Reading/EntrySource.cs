namespace Mortise.BTreeIndex;

/// <summary>The entries of one run in a range, in the scan's direction, tombstones included. One thread; used for one
/// scan after another.</summary>
internal abstract class EntrySource
{
    /// <summary>Which of two entries of one key counts: that of the lower age.</summary>
    public int Age { get; protected set; }

    /// <summary>The current key's bytes after those that all keys of the scan share, as a number.</summary>
    public ulong Head { get; protected set; }

    /// <summary>The current key; dies when the source moves.</summary>
    public abstract ReadOnlySpan<byte> Key { get; }

    /// <summary>The current value; dies when the source moves.</summary>
    public abstract ReadOnlySpan<byte> Value { get; }

    public abstract bool IsTombstone { get; }

    /// <summary>Moves to the next entry, at first to the first. False past the last, and from then on.</summary>
    public abstract bool MoveNext();

    /// <summary>Moves on to the first entry at or beyond a key, which is within the scan's range; stays when it is there
    /// already.</summary>
    public abstract bool Seek(ReadOnlySpan<byte> key);

    /// <summary>Lets the run and its pages go.</summary>
    public abstract void Release();
}
