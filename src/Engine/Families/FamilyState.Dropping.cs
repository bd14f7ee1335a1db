using Mortise.Partitioning;

namespace Mortise.Engine;

/// <content>Partitions that end with a range, and what is kept of them.</content>
internal sealed partial class FamilyState
{
    private (PartitionSpan Span, OrdinalRange Bounds, Lsn Lsn)? _emptied;

    /// <summary>Takes out of force every partition that lies wholly in a range, with whatever it holds. Its files stay
    /// until <see cref="RetireEndedAsync"/>: open views read them.</summary>
    /// <param name="range">All records with these ordinals are deleted by the commit.</param>
    /// <param name="lsn">The commit; nothing is done when the family covers it already.</param>
    public void Drop(OrdinalRange range, Lsn lsn)
    {
        if (!IsByOrdinal || lsn <= CoveredLsn)
        {
            return;
        }

        PartitionState[] ending = Array.FindAll(_partitions, p => range.Encloses(p.Bounds));
        _emptied = ending.Length > 1 && MayHaveMerged
            ? (new PartitionSpan(ending[^1].Span.First, ending[0].Span.Last),
                new OrdinalRange(ending[^1].Bounds.First, ending[0].Bounds.Last),
                lsn)
            : null;
        foreach (PartitionState partition in ending)
        {
            partition.Pending.Clear();
            if (_held.Remove(partition))
            {
                partition.EndHold();
            }

            partition.Published?.Release();
            partition.Published = null;
            TakeOut(partition);
            _ended.Add(new EndedPartition(partition, lsn) { IsDropped = true });
        }
    }

    /// <summary>What a new partition holds: where the commit in hand has dropped several, one takes in what it keeps of them,
    /// since that is little, and each new partition costs a directory and an open index.</summary>
    private PartitionSpan SpanOfNew(PartitionId id) =>
        _emptied is { } emptied && emptied.Lsn == _lsn && emptied.Bounds.Encloses(Part.Partitions.Bounds(id))
            ? emptied.Span
            : new PartitionSpan(id, id);
}
