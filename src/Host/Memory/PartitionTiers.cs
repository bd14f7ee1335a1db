using Mortise.Engine;
using Mortise.Partitioning;

namespace Mortise.Host.Memory;

/// <summary>Says how near to the present a partition is, by the bounds of its scheme. Ordinals are seconds since 1970.
/// </summary>
internal sealed class PartitionTiers(
    IReadOnlyDictionary<string, IPartitionScheme> schemes, TimeProvider time, TimeSpan recent)
{
    /// <summary>The tier of an instance, <c>indexes/FAMILY/PARTITION</c>; active when time does not divide its
    /// family.</summary>
    public PartitionTier Of(string instance)
    {
        string[] names = instance.Split('/');
        if (names.Length < 3
            || !schemes.TryGetValue(names[1], out IPartitionScheme? scheme)
            || scheme.Routing != PartitionRouting.ByOrdinal
            || !PartitionSpan.TryParse(scheme, names[2], out PartitionSpan span))
        {
            return PartitionTier.Active;
        }

        OrdinalRange bounds = span.BoundsIn(scheme);
        long now = time.GetUtcNow().ToUnixTimeSeconds();
        return bounds.Contains(now) ? PartitionTier.Active
            : bounds.Last < now && bounds.Last >= now - (long)recent.TotalSeconds ? PartitionTier.Recent
            : PartitionTier.Historical;
    }
}
