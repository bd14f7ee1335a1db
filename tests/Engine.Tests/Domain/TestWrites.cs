using Mortise.Records;

namespace Mortise.Engine.Tests;

/// <summary>Puts some records and deletes some ids, all or nothing.</summary>
internal sealed class TestWrite(IReadOnlyList<byte[]> puts, IReadOnlyList<long> deletes) : StoreWrite
{
    public IReadOnlyList<byte[]> Puts { get; } = puts;

    public IReadOnlyList<long> Deletes { get; } = deletes;

    /// <summary>Thrown while the write is decided, after it has put everything.</summary>
    public Exception? Failure { get; init; }

    public override int EstimatedBytes => Puts.Sum(static p => p.Length);
}

/// <summary>Decides test writes: a record of a known id replaces the one before.</summary>
internal sealed class TestPlanner : IWritePlanner
{
    private readonly Dictionary<long, PendingRecord?> _overlay = [];

    public List<Lsn> PublishedLsns { get; } = [];

    public void BeginGroup(StoreView view) => _overlay.Clear();

    public void Plan(StoreWrite write, CommitBuilder commit)
    {
        var test = (TestWrite)write;
        foreach (long id in test.Deletes)
        {
            Remove(id, commit);
            _overlay[id] = null;
        }

        foreach (byte[] record in test.Puts)
        {
            long id = TestRecord.Id(record);
            Remove(id, commit);
            _overlay[id] = commit.Put(record);
        }

        if (test.Failure is { } failure)
        {
            // As the contract asks: what a failed write remembered does not count. These tests fail alone in a group.
            _overlay.Clear();
            throw failure;
        }
    }

    public void Published(StoreView view, IReadOnlyList<StoreWrite> writes) => PublishedLsns.Add(view.Lsn);

    private void Remove(long id, CommitBuilder commit)
    {
        if (_overlay.TryGetValue(id, out PendingRecord? pending))
        {
            if (pending is { } record)
            {
                commit.Delete(record);
            }
        }
        else if (commit.View.Find("id")!.TryFind(TestRecord.IdKey(id), out RecordLocation location))
        {
            commit.Delete(location);
        }
    }
}
