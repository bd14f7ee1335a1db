namespace Mortise.Partitioning;

/// <summary>A partition of one scheme; meaningless in another.</summary>
/// <param name="Value">Chosen by the scheme.</param>
public readonly record struct PartitionId(int Value);
