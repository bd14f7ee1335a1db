using Mortise.Indexing;

namespace Mortise.Engine;

/// <summary>The indexes of partitions that are open, kept near a bound.</summary>
/// <remarks>
/// Beyond the bound, whoever opens one closes the ones that were not used for longest, as far as nobody uses them and
/// their files contain everything. Changed ones are made durable first by the writer, between two groups
/// (<see cref="MakeRoomAsync"/>). So at most this many are open: the bound, those in use, and those that one group of
/// commits changed. Threads: any.
/// </remarks>
internal sealed class OpenIndexes
{
    // When that many could not be closed, the next attempt waits for as many more.
    private const int Patience = 16;

    private readonly int _bound;
    private readonly Lock _gate = new();
    private readonly HashSet<IndexHandle> _open = [];
    private long _openings;
    private int _makeRoomAt;
    private int _count;

    /// <param name="bound">How many should be open at most; 1 and up.</param>
    public OpenIndexes(int bound)
    {
        _bound = bound;
        _makeRoomAt = bound;
    }

    /// <summary>Openings so far: the clock by which the last use is told.</summary>
    public long Now => Volatile.Read(ref _openings);

    public int Count => Volatile.Read(ref _count);

    /// <summary>True when the writer should make room.</summary>
    public bool IsOverfull => Count > Volatile.Read(ref _makeRoomAt);

    /// <summary>True when those that are not used should be closed.</summary>
    public bool HasTooMany => Volatile.Read(ref _count) > _bound;

    public void Add(IndexHandle handle)
    {
        Interlocked.Increment(ref _openings);
        lock (_gate)
        {
            _open.Add(handle);
            _count = _open.Count;
        }

        CloseIdle(but: handle);
    }

    /// <summary>Closes the least recently used of those that nobody uses, down to the bound.</summary>
    public void CloseIdle(IndexHandle? but = null)
    {
        if (!HasTooMany)
        {
            return;
        }

        foreach (IndexHandle idle in OldestFirst())
        {
            if (!HasTooMany)
            {
                return;
            }

            if (idle != but)
            {
                idle.TryClose();
            }
        }
    }

    public void Remove(IndexHandle handle)
    {
        lock (_gate)
        {
            _open.Remove(handle);
            _count = _open.Count;
        }
    }

    /// <summary>Makes the least recently used of the changed indexes durable, so that they can be closed, and closes
    /// them; on the writer, between two groups.</summary>
    /// <param name="durability">Commits are made durable first: no part is ever ahead of them.</param>
    /// <param name="through">The last published commit.</param>
    public async ValueTask MakeRoomAsync(CommitDurability durability, Lsn through)
    {
        if (through > durability.DurableLsn)
        {
            await durability.SyncAsync(through, CancellationToken.None).ConfigureAwait(false);
        }

        int keep = _bound - (_bound / 4);
        var closing = new List<IndexHandle>();
        var work = new List<Task>();
        foreach (IndexHandle handle in OldestFirst())
        {
            if (Count - closing.Count <= keep)
            {
                break;
            }

            if (Checkpoint(handle) is { } task)
            {
                closing.Add(handle);
                work.Add(task);
            }
        }

        await Task.WhenAll(work).ConfigureAwait(false);
        foreach (IndexHandle handle in closing)
        {
            handle.TryClose();
        }

        int left = Count;
        Volatile.Write(ref _makeRoomAt, left <= _bound ? _bound : left + Patience);
    }

    /// <summary>Makes an index durable unless somebody else is at it; it stays open meanwhile.</summary>
    /// <returns>Null when there is nothing to wait for.</returns>
    public static Task? Checkpoint(IndexHandle handle)
    {
        if (handle.TryAcquireOpen() is not { } index)
        {
            return null;
        }

        if (!handle.TryBeginCheckpoint())
        {
            handle.Release();
            return null;
        }

        return RunAsync(handle, index);

        static async Task RunAsync(IndexHandle handle, IIndexFamily index)
        {
            try
            {
                if (index.Traits.IsPersistent && index.AppliedLsn > index.DurableLsn)
                {
                    await index.CheckpointAsync().ConfigureAwait(false);
                }
            }
            finally
            {
                handle.EndCheckpoint();

                // This may be the thread that the index's background work runs on. Many that wait for each other's work
                // would starve the pool; whoever asked for the checkpoint closes.
                handle.Release(mayClose: false);
            }
        }
    }

    private List<IndexHandle> OldestFirst()
    {
        List<IndexHandle> all;
        lock (_gate)
        {
            all = [.. _open];
        }

        // Read once: it changes while we sort.
        return [.. all.Select(static h => (Handle: h, h.LastUse)).OrderBy(static p => p.LastUse).Select(static p => p.Handle)];
    }
}
