using System.Diagnostics.CodeAnalysis;

namespace Mortise.Partitioning;

/// <summary>One partition, <c>all</c>, holds every entry.</summary>
public sealed class NoPartitionScheme : IPartitionScheme
{
    private const string Only = "all";

    /// <inheritdoc/>
    public string Map => "none/1";

    /// <inheritdoc/>
    public int MaxPartitions => 1;

    /// <inheritdoc/>
    public PartitionRouting Routing => PartitionRouting.Nothing;

    /// <inheritdoc/>
    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => default;

    /// <inheritdoc/>
    public OrdinalRange Bounds(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        return OrdinalRange.All;
    }

    /// <inheritdoc/>
    public string Name(PartitionId partition)
    {
        SchemeChecks.InRange(partition, MaxPartitions);
        return Only;
    }

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition)
    {
        partition = default;
        return name.SequenceEqual(Only);
    }

    /// <inheritdoc/>
    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        SchemeChecks.SameMap(recordedMap, Map, out reason);
}
