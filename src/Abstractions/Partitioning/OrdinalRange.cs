namespace Mortise.Partitioning;

/// <summary>A range of ordinals, both ends included; empty when <see cref="Last"/> is below
/// <see cref="First"/>.</summary>
/// <param name="First">The smallest.</param>
/// <param name="Last">The largest.</param>
public readonly record struct OrdinalRange(long First, long Last)
{
    /// <summary>Every ordinal.</summary>
    public static OrdinalRange All => new(long.MinValue, long.MaxValue);

    /// <summary>True when it holds no ordinal.</summary>
    public bool IsEmpty => Last < First;

    /// <summary>True when some ordinal is in both.</summary>
    public bool Overlaps(OrdinalRange other) =>
        !IsEmpty && !other.IsEmpty && First <= other.Last && other.First <= Last;

    /// <summary>True when the ordinal is in the range.</summary>
    public bool Contains(long ordinal) => First <= ordinal && ordinal <= Last;
}
