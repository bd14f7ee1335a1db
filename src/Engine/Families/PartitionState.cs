using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>One opened partition of a family, as the writer sees it.</summary>
internal sealed class PartitionState(PartitionId id, string name, OrdinalRange bounds, IIndexFamily index)
{
    public PartitionId Id { get; } = id;

    public string Name { get; } = name;

    public OrdinalRange Bounds { get; } = bounds;

    public IIndexFamily Index { get; } = index;

    /// <summary>Changes of the group in hand.</summary>
    public MutationBuffer Pending { get; } = new();

    /// <summary>The state includes every commit up to here; at least <see cref="IIndexFamily.AppliedLsn"/>, more when
    /// later commits did not concern this partition.</summary>
    public Lsn CoveredLsn { get; set; }

    /// <summary>The snapshot of the last published state.</summary>
    public SharedSnapshot? Published { get; set; }
}
