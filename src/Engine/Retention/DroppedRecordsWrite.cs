using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Deletes some records that were dropped with their range, and their entries in families that still have
/// them.</summary>
/// <remarks>Nobody sees the records any more, so nobody waits for it.</remarks>
/// <param name="locations">Where they are; some may be deleted already.</param>
internal sealed class DroppedRecordsWrite(ReadOnlyMemory<RecordLocation> locations) : EngineWrite
{
    public override int EstimatedBytes => 0;

    public override bool IsPatient => true;

    /// <summary>How many it deletes.</summary>
    public int Records { get; private set; }

    public override void Plan(CommitBuilder commit)
    {
        HasReadDeleted = true;
        foreach (RecordLocation location in locations.Span)
        {
            using RecordLease lease = commit.View.Records.Read(location);
            if (!lease.Info.IsDeleted && commit.View.Dropped!.Find(location, lease.Bytes) is not null)
            {
                commit.Delete(location);
                Records++;
            }
        }
    }
}
