using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>The partitions of a scheme that share one index: one, or neighbours that were merged.</summary>
/// <param name="First">The one with the lowest ordinals.</param>
/// <param name="Last">The one with the highest; the same for a partition by itself.</param>
public readonly record struct PartitionSpan(PartitionId First, PartitionId Last)
{
    // No partition's name has a dot.
    private const string Separator = "..";

    /// <summary>True for neighbours that were merged.</summary>
    public bool IsMerged => First != Last;

    /// <summary>A partition's name, or those of the first and the last: <c>2021-01..2021-09</c>.</summary>
    /// <param name="scheme">What the ids mean.</param>
    public string NameIn(IPartitionScheme scheme)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        return IsMerged ? scheme.Name(First) + Separator + scheme.Name(Last) : scheme.Name(First);
    }

    /// <summary>All ordinals that can be in it.</summary>
    /// <param name="scheme">What the ids mean.</param>
    public OrdinalRange BoundsIn(IPartitionScheme scheme)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        return new OrdinalRange(scheme.Bounds(First).First, scheme.Bounds(Last).Last);
    }

    /// <summary>Reads what <see cref="NameIn"/> wrote.</summary>
    /// <param name="scheme">What the names mean.</param>
    /// <param name="name">A name.</param>
    /// <param name="span">What it says.</param>
    /// <returns>False for any other text.</returns>
    public static bool TryParse(IPartitionScheme scheme, ReadOnlySpan<char> name, out PartitionSpan span)
    {
        ArgumentNullException.ThrowIfNull(scheme);
        span = default;
        int separator = name.IndexOf(Separator, StringComparison.Ordinal);
        if (separator < 0)
        {
            bool isOne = scheme.TryParse(name, out PartitionId one);
            span = new PartitionSpan(one, one);
            return isOne;
        }

        if (scheme.Routing != PartitionRouting.ByOrdinal
            || !scheme.TryParse(name[..separator], out PartitionId first)
            || !scheme.TryParse(name[(separator + Separator.Length)..], out PartitionId last)
            || scheme.Bounds(first).Last >= scheme.Bounds(last).First)
        {
            return false;
        }

        span = new PartitionSpan(first, last);
        return true;
    }
}
