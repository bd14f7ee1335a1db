using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using Mortise.Partitioning;

namespace Mortise.Host.Decorating;

/// <summary>A partition scheme whose answers are held to its contract: each entry is located twice.</summary>
/// <remarks>Names are looked at once for each partition. Threads: any.</remarks>
internal sealed class CheckedScheme : IPartitionScheme
{
    private readonly IPartitionScheme _scheme;
    private readonly ContractCheck _check;
    private readonly ConcurrentDictionary<PartitionId, string> _seen = [];

    /// <summary>Checks a scheme that was just made.</summary>
    /// <exception cref="StorageException">It refuses its own map.</exception>
    public CheckedScheme(IPartitionScheme scheme, ContractCheck check)
    {
        _scheme = scheme;
        _check = check;
        if (!scheme.Accepts(scheme.Map, out string? reason))
        {
            throw check.Broken("open", "PS8", $"it refuses its own map {scheme.Map}: {reason}");
        }
    }

    /// <inheritdoc/>
    public string Map => _scheme.Map;

    /// <inheritdoc/>
    public int MaxPartitions => _scheme.MaxPartitions;

    /// <inheritdoc/>
    public PartitionRouting Routing => _scheme.Routing;

    /// <inheritdoc/>
    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key)
    {
        PartitionId partition = _scheme.Locate(ordinal, key);
        PartitionId again = _scheme.Routing switch
        {
            PartitionRouting.ByOrdinal => _scheme.Locate(ordinal, default),
            PartitionRouting.ByKey => _scheme.Locate(0, key),
            _ => _scheme.Locate(0, default),
        };
        if (partition != again)
        {
            // What it does not look at was left out: asked as at first, a pure function answers as at first.
            throw _scheme.Locate(ordinal, key) == partition
                ? _check.Broken(
                    "locate",
                    "PS6",
                    $"it is said to route {_scheme.Routing}, and what else it is given moves ordinal {ordinal} from "
                        + $"partition {again.Value} to {partition.Value}")
                : _check.Broken("locate", "PS2", $"ordinal {ordinal} is now in one partition and now in another");
        }

        OrdinalRange bounds = _scheme.Bounds(partition);
        if (!bounds.Contains(ordinal))
        {
            throw _check.Broken(
                "locate",
                "PS4",
                $"ordinal {ordinal} is in partition {partition.Value}, whose bounds are {bounds.First} to "
                    + $"{bounds.Last}");
        }

        RequireNamed(partition);
        return partition;
    }

    /// <inheritdoc/>
    public OrdinalRange Bounds(PartitionId partition)
    {
        OrdinalRange bounds = _scheme.Bounds(partition);
        return bounds.IsEmpty
            ? throw _check.Broken(
                "bounds", "PS5", $"those of partition {partition.Value} are {bounds.First} to {bounds.Last}")
            : bounds;
    }

    /// <inheritdoc/>
    public string Name(PartitionId partition) => _scheme.Name(partition);

    /// <inheritdoc/>
    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition) => _scheme.TryParse(name, out partition);

    /// <inheritdoc/>
    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        _scheme.Accepts(recordedMap, out reason);

    private void RequireNamed(PartitionId partition)
    {
        if (_seen.ContainsKey(partition))
        {
            return;
        }

        string name = _scheme.Name(partition);
        if (!_scheme.TryParse(name, out PartitionId parsed) || parsed != partition)
        {
            throw _check.Broken(
                "name", "PS7", $"partition {partition.Value} is called '{name}', which is not read back as it");
        }

        if (_seen.TryAdd(partition, name) && _seen.Count > _scheme.MaxPartitions)
        {
            throw _check.Broken(
                "locate", "PS14", $"{_seen.Count} partitions came up; at most {_scheme.MaxPartitions} may");
        }
    }
}
