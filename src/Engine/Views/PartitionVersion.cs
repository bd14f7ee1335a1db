using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>One partition within a store version.</summary>
/// <param name="Partition">Its id in the family's scheme; of merged ones that of the first.</param>
/// <param name="Name">Its name.</param>
/// <param name="Bounds">All ordinals that can be in it.</param>
/// <param name="Shared">Its snapshot.</param>
internal readonly record struct PartitionVersion(PartitionId Partition, string Name, OrdinalRange Bounds, SharedSnapshot Shared);
