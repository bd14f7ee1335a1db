using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Deletes the records of a range as one commit; partitions that lie wholly in the range end with it.</summary>
/// <remarks>What is kept of such a partition is put anew by the same commit, into a new partition. A range of more records
/// than a commit may delete takes several commits, of which the last one ends the partitions. What is in the range was read
/// beside the writer; it is read again only when something in it has changed since.</remarks>
/// <param name="drop">What is kept.</param>
/// <param name="range">The range.</param>
/// <param name="read">What is in it.</param>
/// <param name="maxOperations">Operations of one commit, at most.</param>
/// <param name="maxBytes">Bytes of records that one commit may put.</param>
internal sealed class RangeDropWrite(
    RangeDrop drop, OrdinalRange range, RangeContent read, int maxOperations, long maxBytes) : EngineWrite
{
    public override int EstimatedBytes => 0;

    /// <summary>What the commit does.</summary>
    public DroppedRange Done { get; private set; }

    /// <summary>False when a further write has to go on.</summary>
    public bool IsComplete { get; private set; }

    public override void Plan(CommitBuilder commit)
    {
        RangeContent content = read.IsStillTrue(commit.View, drop, range)
            ? read
            : RangeContent.Read(commit.View, drop, range);
        HasReadDeleted = content.HasReadRecords;
        int kept = content.Kept.Count;
        bool endsPartitions = content.EndsPartitions(maxOperations, maxBytes);
        int room = maxOperations - (endsPartitions ? 1 + (2 * kept) : 0);
        IsComplete = content.Due.Count <= room;
        endsPartitions &= IsComplete;
        if (endsPartitions)
        {
            commit.Drop(range);
        }

        int deleted = Math.Min(content.Due.Count, room);
        for (int i = 0; i < deleted; i++)
        {
            commit.Delete(content.Due[i]);
        }

        if (endsPartitions)
        {
            Move(content.Kept, commit);
        }

        Done = new DroppedRange(range, deleted, kept, endsPartitions ? content.Partitions : 0);
    }

    // Deletes first: where the key is the same, the later change of a batch counts.
    private static void Move(List<RecordLocation> kept, CommitBuilder commit)
    {
        foreach (RecordLocation location in kept)
        {
            commit.Delete(location);
        }

        foreach (RecordLocation location in kept)
        {
            using RecordLease lease = commit.View.Records.Read(location);
            commit.Put(lease.Bytes);
        }
    }
}
