using Mortise.Indexing;
using Mortise.Primitives;

namespace Mortise.Engine;

/// <summary>A snapshot of one partition, shared by all store versions between two changes of that partition.</summary>
internal sealed class SharedSnapshot(IIndexSnapshot snapshot)
{
    private int _references = 1;

    public IIndexSnapshot Snapshot { get; } = snapshot;

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
        if (left == 0)
        {
            Snapshot.Dispose();
        }
    }
}
