using Mortise.Primitives;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Holds the version that new views get, and replaces it.</summary>
internal sealed class VersionHolder : IDisposable
{
    private StoreVersion? _current;

    public Lsn Lsn => (Volatile.Read(ref _current) ?? throw Closed()).Lsn;

    /// <summary>A view of the current version; never waits.</summary>
    public StoreView OpenView(IRecordStore records)
    {
        while (true)
        {
            StoreVersion version = Volatile.Read(ref _current) ?? throw Closed();
            if (version.TryAddReference())
            {
                return new StoreView(version, records);
            }
        }
    }

    /// <summary>Makes the families' applied state the current version; the writer only.</summary>
    public void Publish(Lsn lsn, List<FamilyState> families)
    {
        var partitions = new PartitionVersion[families.Count][];
        var views = new FamilyView[families.Count];
        for (int i = 0; i < partitions.Length; i++)
        {
            partitions[i] = families[i].Publish();
            views[i] = new FamilyView(families[i].Part, families[i].Projection, partitions[i]);
        }

        StoreVersion? before = Interlocked.Exchange(ref _current, new StoreVersion(lsn, partitions, views));
        Invariant.Holds(before is null || before.Lsn <= lsn);
        before?.Release();
    }

    public void Dispose() => Interlocked.Exchange(ref _current, null)?.Release();

    private static ObjectDisposedException Closed() => new(nameof(StoreEngine));
}
