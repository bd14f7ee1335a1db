using System.Diagnostics.CodeAnalysis;
using Mortise.Partitioning;

namespace Mortise.Host.Composition;

/// <summary>A partition scheme whose code can be exchanged while the store is open, for code that means the
/// same.</summary>
/// <remarks>A scheme has no state and no files, so two may answer at once; what matters is that both answer alike.
/// Threads: any.</remarks>
internal sealed class ExchangeableScheme(IPartitionScheme scheme) : IPartitionScheme
{
    // Keys that hash schemes tell apart, and the edges of ordinals.
    private const int SampleKeys = 64;

    private static readonly long[] s_ordinals = [long.MinValue, -1, 0, 1, 1_700_000_000, long.MaxValue];

    private volatile IPartitionScheme _scheme = scheme;

    public string Map => _scheme.Map;

    public int MaxPartitions => _scheme.MaxPartitions;

    public PartitionRouting Routing => _scheme.Routing;

    public PartitionId Locate(long ordinal, ReadOnlySpan<byte> key) => _scheme.Locate(ordinal, key);

    public OrdinalRange Bounds(PartitionId partition) => _scheme.Bounds(partition);

    public string Name(PartitionId partition) => _scheme.Name(partition);

    public bool TryParse(ReadOnlySpan<char> name, out PartitionId partition) => _scheme.TryParse(name, out partition);

    public bool Accepts(string recordedMap, [NotNullWhen(false)] out string? reason) =>
        _scheme.Accepts(recordedMap, out reason);

    /// <summary>Takes other code when it answers as the code before on all that is there and on what may
    /// come.</summary>
    /// <param name="next">The other code's scheme.</param>
    /// <param name="partitions">The names of the partitions that there are.</param>
    /// <returns>Where the two differ; null when it is in force.</returns>
    public string? TryExchange(IPartitionScheme next, IEnumerable<string> partitions)
    {
        if (Difference(_scheme, next, partitions) is { } difference)
        {
            return difference;
        }

        _scheme = next;
        return null;
    }

    private static string? Difference(IPartitionScheme now, IPartitionScheme next, IEnumerable<string> partitions)
    {
        if (now.Map != next.Map || now.Routing != next.Routing || now.MaxPartitions != next.MaxPartitions)
        {
            return $"its map is {next.Map} ({next.MaxPartitions} at most, {next.Routing}), that in force {now.Map} "
                + $"({now.MaxPartitions} at most, {now.Routing})";
        }

        var ordinals = new List<long>(s_ordinals);
        foreach (string name in partitions)
        {
            if (!now.TryParse(name, out PartitionId id))
            {
                continue;
            }

            if (!next.TryParse(name, out PartitionId found) || found != id || next.Name(id) != name)
            {
                return $"it does not know partition {name} as it is";
            }

            OrdinalRange bounds = now.Bounds(id);
            if (next.Bounds(id) != bounds)
            {
                return $"partition {name} would have other bounds";
            }

            ordinals.AddRange([bounds.First, bounds.Last]);
        }

        Span<byte> key = stackalloc byte[32];
        var random = new Random(SampleKeys);
        foreach (long ordinal in ordinals)
        {
            for (int i = 0; i < SampleKeys; i++)
            {
                random.NextBytes(key);
                ReadOnlySpan<byte> some = key[..(i % (key.Length + 1))];
                if (now.Locate(ordinal, some) != next.Locate(ordinal, some))
                {
                    return $"it puts ordinal {ordinal} with key {Convert.ToHexString(some)} elsewhere";
                }
            }
        }

        return null;
    }
}
