using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The state of all families after one group of commits. Immutable; lives until the engine has moved on and the
/// last view is closed.</summary>
/// <remarks>Views are counted in one number, lookups in <see cref="ReaderStripes"/>. It is gone when that number is 0, from when
/// on no lookup stays, and none is in: whoever finds that first, being the last to leave, ends it.</remarks>
/// <param name="lsn">The last commit it contains.</param>
/// <param name="families">In the order of the composition; partitions with the newest bounds first.</param>
/// <param name="views">The same, as readers see them.</param>
/// <param name="dropped">Records that it does not show although they are live; null when there are none.</param>
/// <param name="onGone">Called when the last reference is gone, on whichever thread dropped it.</param>
internal sealed class StoreVersion(
    Lsn lsn, PartitionVersion[][] families, FamilyView[] views, DroppedRecords? dropped, Action<StoreVersion> onGone)
{
    private readonly ReaderStripes _lookups = new();
    private int _references = 1;
    private int _isGone;

    public Lsn Lsn { get; } = lsn;

    public PartitionVersion[][] Families { get; } = families;

    /// <summary>What every view of this version shows; shared, because it is immutable.</summary>
    public FamilyView[] Views { get; } = views;

    /// <summary>Records that it does not show although they are live; null when there are none.</summary>
    public DroppedRecords? Dropped { get; } = dropped;

    /// <summary>False when the version is gone already; then there is a newer one.</summary>
    public bool TryAddReference()
    {
        int seen = Volatile.Read(ref _references);
        while (seen > 0)
        {
            int found = Interlocked.CompareExchange(ref _references, seen + 1, seen);
            if (found == seen)
            {
                return true;
            }

            seen = found;
        }

        return false;
    }

    /// <summary>The same for one lookup.</summary>
    /// <param name="stripe">What <see cref="ReleaseLookup"/> is told.</param>
    public bool TryAddLookup(out int stripe)
    {
        // Entered first: who ends the version afterwards sees it, and who has ended it is seen here.
        stripe = _lookups.Enter();
        if (Volatile.Read(ref _references) > 0)
        {
            return true;
        }

        ReleaseLookup(stripe);
        return false;
    }

    public void ReleaseLookup(int stripe)
    {
        _lookups.Leave(stripe);
        if (Volatile.Read(ref _references) == 0)
        {
            EndWhenUnused();
        }
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0);
        if (left == 0)
        {
            EndWhenUnused();
        }
    }

    private void EndWhenUnused()
    {
        if (!_lookups.AreEmpty || Interlocked.Exchange(ref _isGone, 1) != 0)
        {
            return;
        }

        foreach (PartitionVersion[] family in Families)
        {
            foreach (PartitionVersion partition in family)
            {
                partition.Shared.Release();
            }
        }

        onGone(this);
    }
}
