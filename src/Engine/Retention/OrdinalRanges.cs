using Mortise.Partitioning;

namespace Mortise.Engine;

/// <summary>How ranges of ordinals lie to each other.</summary>
internal static class OrdinalRanges
{
    /// <summary>True when all ordinals of another range, which is not empty, are in this one.</summary>
    public static bool Encloses(this OrdinalRange range, OrdinalRange other) =>
        range.Contains(other.First) && range.Contains(other.Last);
}
