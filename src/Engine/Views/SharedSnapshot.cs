using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>The state of one partition between two changes, shared by all store versions that contain it.</summary>
/// <remarks>
/// It is read through the partition's index, which is opened when it has to be. As long as the partition is not changed,
/// index and snapshot may be closed and opened again: the files have this state. The writer pins the state before it
/// changes the partition (<see cref="Supersede"/>); from then on the index stays open until the last version that
/// contains the state is gone. Threads: any; superseding, the writer only.
/// </remarks>
internal sealed class SharedSnapshot(IndexHandle handle)
{
    private readonly Lock _gate = new();
    private IIndexSnapshot? _snapshot;
    private int _references = 1;
    private bool _isSuperseded;

    /// <summary>Counts and sizes of the partition's index, as it is now.</summary>
    public IndexStatistics Statistics => handle.Statistics;

    /// <summary>The snapshot, until <see cref="Return"/>. Opens the index when it is closed.</summary>
    /// <exception cref="StorageException">The index cannot be opened, or is damaged.</exception>
    public IIndexSnapshot Rent() => Rent(handle.Acquire());

    /// <summary>The snapshot if the index is open, until <see cref="Return"/>; null otherwise.</summary>
    public IIndexSnapshot? TryRentOpen() => handle.TryAcquireOpen() is { } index ? Rent(index) : null;

    public void Return() => handle.Release();

    /// <summary>Pins the state, because the index is about to be changed.</summary>
    public void Supersede()
    {
        IIndexFamily index = handle.Acquire();
        handle.Published = null;
        lock (_gate)
        {
            Invariant.Holds(!_isSuperseded);
            if (_snapshot is null)
            {
                Volatile.Write(ref _snapshot, index.OpenSnapshot());
            }

            _isSuperseded = true;
        }
    }

    /// <summary>The index is being closed, and nobody uses it: the state is in its files.</summary>
    public void Forget()
    {
        lock (_gate)
        {
            _snapshot?.Dispose();
            _snapshot = null;
        }
    }

    public SharedSnapshot AddReference()
    {
        int before = Interlocked.Increment(ref _references) - 1;
        Invariant.Holds(before > 0);
        return this;
    }

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0);
        if (left > 0)
        {
            return;
        }

        Forget();
        if (_isSuperseded)
        {
            handle.Release();
        }
    }

    private IIndexSnapshot Rent(IIndexFamily index)
    {
        if (Volatile.Read(ref _snapshot) is { } snapshot)
        {
            return snapshot;
        }

        try
        {
            lock (_gate)
            {
                if (_snapshot is null)
                {
                    Volatile.Write(ref _snapshot, index.OpenSnapshot());
                }

                return _snapshot!;
            }
        }
        catch
        {
            handle.Release();
            throw;
        }
    }
}
