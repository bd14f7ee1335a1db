using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Takes the records of a range out of force as one commit; partitions that lie wholly in the range end with it.
/// </summary>
/// <remarks>The commit says that the range is dropped and names none of its records, so that it costs the same for few and
/// for many: see <see cref="DropCleaning"/>. What is kept is put anew by the same commit, into a new partition. Where no
/// partition ends, records are deleted one by one; more than a commit may delete take several commits. What is in the range
/// was read beside the writer; it is read again only when something in it has changed since.</remarks>
/// <param name="drop">What is kept.</param>
/// <param name="range">The range.</param>
/// <param name="read">What is in it.</param>
/// <param name="maxOperations">Operations of one commit, at most.</param>
/// <param name="maxBytes">Bytes of records that one commit may put.</param>
/// <param name="isOfSeveral">True for several ranges as one: when something in them has changed since, nothing is done, and
/// each is to be dropped by itself.</param>
internal sealed class RangeDropWrite(
    RangeDrop drop, OrdinalRange range, RangeContent read, int maxOperations, long maxBytes, bool isOfSeveral = false)
    : EngineWrite
{
    public override int EstimatedBytes => 0;

    /// <summary>The family whose partitions name all records that the commit drops; null when none does.</summary>
    public string? NamingFamily { get; private set; }

    /// <summary>What the commit does.</summary>
    public DroppedRange Done { get; private set; }

    /// <summary>False when a further write has to go on.</summary>
    public bool IsComplete { get; private set; }

    public override void Plan(CommitBuilder commit)
    {
        RangeContent content = read;
        if (!read.IsStillTrue(commit.View, drop, range))
        {
            if (isOfSeveral)
            {
                return;
            }

            content = Read(commit.View, drop, range, maxOperations, maxBytes);
        }

        IsComplete = true;
        if (content.EndsPartitions(maxOperations, maxBytes))
        {
            HasReadDeleted = true;
            NamingFamily = content.IsWhole ? drop.Family : null;
            commit.Drop(range, content.DueCount + content.Kept.Count);
            Move(content.Kept, commit);
            Done = new DroppedRange(range, content.DueCount, content.Kept.Count, content.Partitions);
            return;
        }

        HasReadDeleted = content.HasReadRecords;
        IsComplete = content.Due.Count <= maxOperations;
        int deleted = Math.Min(content.Due.Count, maxOperations);
        for (int i = 0; i < deleted; i++)
        {
            commit.Delete(content.Due[i]);
        }

        Done = new DroppedRange(range, deleted, content.Kept.Count, 0);
    }

    /// <summary>Reads of a range what is needed to drop it.</summary>
    public static RangeContent Read(
        StoreView view, RangeDrop drop, OrdinalRange range, int maxOperations, long maxBytes)
    {
        RangeContent content = RangeContent.Read(view, drop, range);
        return content.HasAskedSome && !content.EndsPartitions(maxOperations, maxBytes)
            ? RangeContent.Read(view, drop, range, isEach: true)
            : content;
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
