namespace Mortise.Partitioning;

/// <summary>Options of <c>mortise.partition.none</c>: there are none.</summary>
public sealed class NoPartitionOptions;
