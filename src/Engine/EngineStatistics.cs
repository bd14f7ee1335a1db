using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Records;

namespace Mortise.Engine;

/// <summary>Counts and sizes of a whole store.</summary>
public sealed class EngineStatistics
{
    /// <summary>The store's id.</summary>
    public required Guid StoreId { get; init; }

    /// <summary>The last commit that readers see.</summary>
    public required Lsn Lsn { get; init; }

    /// <summary>The last commit that survives a power cut.</summary>
    public required Lsn DurableLsn { get; init; }

    /// <summary>The commit of the last checkpoint since open; none before it.</summary>
    public required Lsn CheckpointLsn { get; init; }

    /// <summary>Groups of commits since open.</summary>
    public required long Groups { get; init; }

    /// <summary>The log.</summary>
    public required LogStatistics Log { get; init; }

    /// <summary>The records.</summary>
    public required RecordStoreStatistics Records { get; init; }

    /// <summary>The families, in the order of the stack.</summary>
    public required IReadOnlyList<FamilyStatistics> Families { get; init; }

    /// <summary>Partitions that are open, of families that have several.</summary>
    public required int OpenPartitions { get; init; }

    /// <summary>Partitions opened since the store was, of families that have several.</summary>
    public required long PartitionOpenings { get; init; }

    /// <summary>Parts that are not healthy, with the reason.</summary>
    public required IReadOnlyList<(string Instance, ComponentHealth Health)> Unhealthy { get; init; }
}

/// <summary>Counts and sizes of one family.</summary>
public sealed class FamilyStatistics
{
    /// <summary>Its name in the stack.</summary>
    public required string Name { get; init; }

    /// <summary>Its projection.</summary>
    public required string Projection { get; init; }

    /// <summary>The component that holds it.</summary>
    public required ComponentIdentity Structure { get; init; }

    /// <summary>Its partitions, newest first.</summary>
    public required IReadOnlyList<PartitionStatistics> Partitions { get; init; }
}

/// <summary>Counts and sizes of one partition.</summary>
/// <param name="Name">Its name in the scheme.</param>
/// <param name="Bounds">All ordinals that can be in it.</param>
/// <param name="Index">Counts and sizes; of a closed partition those of when it was last open.</param>
/// <param name="IsOpen">True when it takes memory and a file handle.</param>
public readonly record struct PartitionStatistics(string Name, OrdinalRange Bounds, IndexStatistics Index, bool IsOpen);
