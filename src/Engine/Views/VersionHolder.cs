using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>Holds the version that new views get, and replaces it.</summary>
/// <param name="parts">What is open.</param>
internal sealed class VersionHolder(OpenedParts parts) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly List<StoreVersion> _alive = [];
    private readonly List<(Lsn Lsn, TaskCompletionSource Source)> _waiting = [];
    private readonly List<(HashSet<StoreVersion> Versions, TaskCompletionSource Source)> _retiring = [];
    private StoreVersion? _current;

    public Lsn Lsn => (Volatile.Read(ref _current) ?? throw Closed()).Lsn;

    /// <summary>A view of the current version; never waits.</summary>
    public StoreView OpenView()
    {
        int stripe = ReaderStripes.Choose();
        return new StoreView(Enter(stripe), stripe, parts.Records);
    }

    /// <summary>The same for one lookup.</summary>
    public BriefView OpenBriefView()
    {
        int stripe = ReaderStripes.Choose();
        return new BriefView(Enter(stripe), stripe, parts.Records);
    }

    /// <summary>Makes a closed view one of the current version; never waits.</summary>
    /// <exception cref="InvalidOperationException">The view is open.</exception>
    public void Reopen(StoreView view)
    {
        // Not by the stripe of its last time: views are handed from thread to thread, and would gather on a few.
        int stripe = ReaderStripes.Choose();
        StoreVersion version = Enter(stripe);
        try
        {
            view.Reopen(version, stripe);
        }
        catch
        {
            version.Leave(stripe);
            throw;
        }
    }

    /// <summary>Makes the families' applied state the current version; the writer only.</summary>
    public void Publish(Lsn lsn, List<FamilyState> families)
    {
        var partitions = new PartitionVersion[families.Count][];
        var views = new FamilyView[families.Count];
        DroppedRecords? dropped = parts.Drops.Records();
        for (int i = 0; i < partitions.Length; i++)
        {
            partitions[i] = families[i].Publish();
            views[i] = new FamilyView(
                families[i].Part, families[i].Projection, partitions[i], PendingDrops.For(families[i], dropped));
        }

        var version = new StoreVersion(lsn, partitions, views, dropped, OnGone);
        lock (_gate)
        {
            _alive.Add(version);
        }

        StoreVersion? before = Interlocked.Exchange(ref _current, version);
        Invariant.Holds(before is null || before.Lsn <= lsn);
        before?.Supersede();
    }

    /// <summary>True when a view is older than a commit.</summary>
    public bool IsAnyViewOlderThan(Lsn lsn)
    {
        lock (_gate)
        {
            return _alive.Exists(v => v.Lsn < lsn);
        }
    }

    /// <summary>Completes when no view is older than a commit, so that nobody can name what it dropped.</summary>
    public Task WhenNoViewIsOlderThan(Lsn lsn)
    {
        lock (_gate)
        {
            if (!_alive.Exists(v => v.Lsn < lsn))
            {
                return Task.CompletedTask;
            }

            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting.Add((lsn, source));
            return source.Task;
        }
    }

    /// <summary>Completes when every view of what is not current any more is closed.</summary>
    public Task WhenOnlyTheCurrentIsOpen()
    {
        lock (_gate)
        {
            StoreVersion[] others = [.. _alive.Where(v => !ReferenceEquals(v, _current))];
            if (others.Length == 0)
            {
                return Task.CompletedTask;
            }

            var source = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            _retiring.Add(([.. others], source));
            return source.Task;
        }
    }

    private StoreVersion Enter(int stripe)
    {
        while (true)
        {
            StoreVersion version = Volatile.Read(ref _current) ?? throw Closed();
            if (version.TryEnter(stripe))
            {
                return version;
            }
        }
    }

    private void OnGone(StoreVersion version)
    {
        lock (_gate)
        {
            _alive.Remove(version);
            for (int i = _retiring.Count - 1; i >= 0; i--)
            {
                (HashSet<StoreVersion> versions, TaskCompletionSource source) = _retiring[i];
                if (versions.Remove(version) && versions.Count == 0)
                {
                    _retiring.RemoveAt(i);
                    source.TrySetResult();
                }
            }

            for (int i = _waiting.Count - 1; i >= 0; i--)
            {
                (Lsn lsn, TaskCompletionSource source) = _waiting[i];
                if (!_alive.Exists(v => v.Lsn < lsn))
                {
                    _waiting.RemoveAt(i);
                    source.TrySetResult();
                }
            }
        }
    }

    public void Dispose() => Interlocked.Exchange(ref _current, null)?.Supersede();

    private static ObjectDisposedException Closed() => new(nameof(StoreEngine));
}
