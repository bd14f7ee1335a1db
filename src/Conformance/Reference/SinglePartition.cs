using System.Diagnostics.CodeAnalysis;
using Mortise.Partitioning;

namespace Mortise.Reference;

/// <summary>The scheme with one partition.</summary>
public sealed class SinglePartition : IPartitionScheme
{
    private readonly string _name;

    /// <summary>Makes the scheme.</summary>
    /// <param name="name">The partition's name.</param>
    public SinglePartition(string name = "all") => _name = name;

    /// <inheritdoc/>
    public string Map => $"single/{_name}/1";

    /// <inheritdoc/>
    public int MaxPartitions => 1;

    /// <inheritdoc/>
    public PartitionRouting Routing => PartitionRouting.Nothing;

    /// <inheritdoc/>
    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => default;

    /// <inheritdoc/>
    public OrdinalRange Bounds(PartitionId partition) => OrdinalRange.All;

    /// <inheritdoc/>
    public string Name(PartitionId partition) => _name;

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
    {
        partition = default;
        return name.SequenceEqual(_name);
    }

    /// <inheritdoc/>
    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason)
    {
        reason = recordedMap == Map ? null : $"partitions were laid out by '{recordedMap}', this is '{Map}'";
        return reason is null;
    }
}
