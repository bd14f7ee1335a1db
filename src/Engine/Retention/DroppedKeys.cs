using Mortise.Indexing;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Deletes records that were dropped with their range before records with the same unique keys are put: else their
/// later deletion would take the keys along.</summary>
/// <remarks>So an event that was dropped can be put again at once. Threads: the store's writer.</remarks>
internal sealed class DroppedKeys : IKeySink
{
    private readonly HashSet<RecordLocation> _deleted = [];
    private readonly List<RecordLocation> _found = [];
    private FamilyView? _family;

    /// <summary>A new group begins.</summary>
    public void BeginGroup() => _deleted.Clear();

    /// <summary>Adds the deletes to a write.</summary>
    /// <param name="commit">The group in hand.</param>
    /// <param name="firstOperation">Of the write.</param>
    public void DeleteFor(CommitBuilder commit, int firstOperation)
    {
        if (commit.View.Dropped is null)
        {
            return;
        }

        foreach (FamilyView family in commit.View.Families)
        {
            if (family.HidesSome && family.Projection.Placement == LocationPlacement.InValue)
            {
                _family = family;
                LookUp(family, commit, firstOperation);
            }
        }

        foreach (RecordLocation location in _found)
        {
            commit.DeleteBefore(firstOperation, location);
        }

        _found.Clear();
    }

    /// <inheritdoc/>
    public void Emit(long ordinal, ReadOnlySpan<byte> key)
    {
        if (_family!.TryFindDropped(key, out RecordLocation location) && _deleted.Add(location))
        {
            _found.Add(location);
        }
    }

    private void LookUp(FamilyView family, CommitBuilder commit, int firstOperation)
    {
        for (int i = firstOperation; i < commit.Operations.Count; i++)
        {
            CommitBuilder.PlannedOperation operation = commit.Operations[i];
            if (operation.Kind == CommitBuilder.PlannedKind.Put)
            {
                family.Projection.Project(commit.Bytes(new PendingRecord(operation.Record)), this);
            }
        }
    }
}
