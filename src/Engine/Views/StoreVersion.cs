using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The state of all families after one group of commits. Immutable; lives until the engine has moved on and the
/// last view is closed.</summary>
/// <param name="lsn">The last commit it contains.</param>
/// <param name="families">In the order of the composition; partitions with the newest bounds first.</param>
/// <param name="views">The same, as readers see them.</param>
/// <param name="dropped">Records that it does not show although they are live; null when there are none.</param>
/// <param name="onGone">Called when the last reference is gone, on whichever thread dropped it.</param>
internal sealed class StoreVersion(
    Lsn lsn, PartitionVersion[][] families, FamilyView[] views, DroppedRecords? dropped, Action<StoreVersion> onGone)
{
    private int _references = 1;

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

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0);
        if (left > 0)
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
