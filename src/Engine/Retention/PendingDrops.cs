using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>The ranges that were dropped and whose records are not all deleted yet.</summary>
/// <remarks>Threads: changed by the opening thread and then by the store's writer, read by any.</remarks>
/// <param name="parts">The store.</param>
internal sealed class PendingDrops(OpenedParts parts)
{
    private volatile PendingDrop[] _drops = [];
    private volatile Made? _made;

    /// <summary>In the order in which they were dropped.</summary>
    public PendingDrop[] All => _drops;

    /// <summary>Records that nobody sees and that are not deleted yet, about.</summary>
    public long RecordsLeft => _drops.Sum(static drop => drop.Left);

    public void Add(PendingDrop drop)
    {
        // A log that is replayed from before the checkpoint tells again what the manifest says.
        if (!Array.Exists(_drops, known => known.Range == drop.Range && known.Below == drop.Below))
        {
            _drops = [.. _drops, drop];
        }
    }

    public void Remove(PendingDrop drop) => _drops = [.. _drops.Where(known => !ReferenceEquals(known, drop))];

    /// <summary>What tells the records of the ranges from others; null when nothing is dropped.</summary>
    public DroppedRecords? Records()
    {
        PendingDrop[] drops = _drops;
        if (drops.Length == 0)
        {
            return null;
        }

        List<FamilyState> families = parts.Families;
        Made? made = _made;
        if (made is null || made.Families != families || made.Records.Drops != drops)
        {
            // Each record has an ordinal, but not in each family a key: those that are divided by ordinals come first.
            IKeyProjection[] projections =
                [.. families.OrderBy(static f => f.IsByOrdinal ? 0 : 1).Select(static f => f.Projection)];
            _made = made = new Made(families, new DroppedRecords(drops, parts.Records, projections));
        }

        return made.Records;
    }

    /// <summary>The same for readers of one family; null when it cannot have entries of such records.</summary>
    public static DroppedRecords? For(FamilyState family, DroppedRecords? records) =>
        records is not null && Array.Exists(records.Drops, drop => family.MayNameDropped(drop.Range)) ? records : null;

    /// <summary>What was made for some families.</summary>
    private sealed record Made(List<FamilyState> Families, DroppedRecords Records);
}
