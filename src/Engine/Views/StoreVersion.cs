using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The state of all families after one group of commits. Immutable; lives until the engine has moved on and the
/// last view is closed.</summary>
/// <remarks>Those who read it are counted in <see cref="ReaderStripes"/>. Superseded, it takes nobody any more; whoever finds
/// then that nobody is in, being the last to leave, ends it.</remarks>
/// <param name="lsn">The last commit it contains.</param>
/// <param name="families">In the order of the composition; partitions with the newest bounds first.</param>
/// <param name="views">The same, as readers see them.</param>
/// <param name="dropped">Records that it does not show although they are live; null when there are none.</param>
/// <param name="onGone">Called once, when it ends, on whichever thread ends it.</param>
internal sealed class StoreVersion(
    Lsn lsn, PartitionVersion[][] families, FamilyView[] views, DroppedRecords? dropped, Action<StoreVersion> onGone)
{
    private readonly ReaderStripes _readers = new();
    private bool _isSuperseded;
    private int _isGone;

    public Lsn Lsn { get; } = lsn;

    public PartitionVersion[][] Families { get; } = families;

    /// <summary>What every view of this version shows; shared, because it is immutable.</summary>
    public FamilyView[] Views { get; } = views;

    /// <summary>Records that it does not show although they are live; null when there are none.</summary>
    public DroppedRecords? Dropped { get; } = dropped;

    /// <summary>Counts a reader, who sees the version until it leaves.</summary>
    /// <param name="stripe">Chosen by <see cref="ReaderStripes.Choose"/>; <see cref="Leave"/> is told the same.</param>
    /// <returns>False when the version takes nobody any more; then there is a newer one, or the store is closed.</returns>
    public bool TryEnter(int stripe)
    {
        // Entered first: who ends the version afterwards sees it, and who has ended it is seen here.
        _readers.Enter(stripe);
        if (!Volatile.Read(ref _isSuperseded))
        {
            return true;
        }

        Leave(stripe);
        return false;
    }

    /// <summary>Counts a reader no more; once each.</summary>
    public void Leave(int stripe)
    {
        _readers.Leave(stripe);
        if (Volatile.Read(ref _isSuperseded))
        {
            EndWhenUnused();
        }
    }

    /// <summary>Ends the version as soon as nobody reads it; once.</summary>
    public void Supersede()
    {
        Invariant.Holds(!Interlocked.Exchange(ref _isSuperseded, true));
        EndWhenUnused();
    }

    private void EndWhenUnused()
    {
        if (!_readers.AreEmpty || Interlocked.Exchange(ref _isGone, 1) != 0)
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
