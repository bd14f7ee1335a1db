using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Moves records that are still live to the end of the store, with all their index entries, as one commit.</summary>
internal sealed class MoveWrite(IReadOnlyList<RecordLocation> locations, int estimatedBytes) : EngineWrite
{
    public override int EstimatedBytes => estimatedBytes;

    /// <summary>The old places stay until a checkpoint has the new ones.</summary>
    public override bool IsPatient => true;

    public int MovedRecords { get; private set; }

    public long MovedBytes { get; private set; }

    public override void Plan(CommitBuilder commit)
    {
        HasReadDeleted = true;
        foreach (RecordLocation location in locations)
        {
            using RecordLease lease = commit.View.Records.Read(location);
            if (!lease.Info.IsDeleted)
            {
                // Delete first: where the key is the same, the later change of a batch counts.
                commit.Delete(location);
                commit.Put(lease.Bytes);
                MovedRecords++;
                MovedBytes += lease.Bytes.Length;
            }
        }
    }
}
