using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>One index family of a stack: a projection, a structure and a partition scheme.</summary>
public sealed class FamilyPart
{
    /// <summary>The family's name in the stack and its directory: 1 to 64 characters of <c>[a-z0-9-]</c>.</summary>
    public required string Name { get; init; }

    /// <summary>The name of the projection that yields its keys; the domain resolves it.</summary>
    public required string Projection { get; init; }

    /// <summary>The structure that holds its entries, opened once per partition.</summary>
    public required ComponentPart<IIndexFamily> Structure { get; init; }

    /// <summary>Where each entry lives.</summary>
    public required IPartitionScheme Partitions { get; init; }

    /// <summary>Records up to this many bytes are kept in the entry itself, so that a scan needs no record read; 0 keeps
    /// none.</summary>
    public int InlineBelowBytes { get; init; }

    /// <summary>What happens when its code throws what no contract allows.</summary>
    public FaultPolicy OnFault { get; init; } = FaultPolicy.Stop;
}
