using Mortise.Engine;
using Mortise.Records;

namespace Mortise.Simulation;

/// <summary>Decides simulated writes.</summary>
public sealed class SimPlanner : IWritePlanner
{
    private readonly Dictionary<long, PendingRecord?> _decided = [];

    /// <summary>Called after each group with the view that readers see.</summary>
    public Action<StoreView>? OnPublished { get; init; }

    /// <inheritdoc/>
    public void BeginGroup(StoreView view) => _decided.Clear();

    /// <inheritdoc/>
    public void Plan(StoreWrite write, CommitBuilder commit)
    {
        ArgumentNullException.ThrowIfNull(commit);
        var own = (SimWrite)write;
        own.WhileDeciding?.Invoke();
        if (own.Failure is { } failure)
        {
            // Something is put first, so that a failing write has to be rolled back and not just forgotten.
            commit.Put(SimRecord.Make(long.MaxValue, 0, 0, 10, 0));
            throw failure;
        }

        foreach (long id in own.Deletes)
        {
            Remove(id, commit);
            _decided[id] = null;
        }

        foreach (byte[] record in own.Puts)
        {
            long id = SimRecord.Id(record);
            Remove(id, commit);
            _decided[id] = commit.Put(record);
        }
    }

    /// <inheritdoc/>
    public void Published(StoreView view, IReadOnlyList<StoreWrite> writes) => OnPublished?.Invoke(view);

    private void Remove(long id, CommitBuilder commit)
    {
        if (_decided.TryGetValue(id, out PendingRecord? decided))
        {
            if (decided is { } pending)
            {
                commit.Delete(pending);
            }
        }
        else if (commit.View.Families[0].TryFind(SimRecord.IdKey(id), out RecordLocation location))
        {
            commit.Delete(location);
        }
    }
}
