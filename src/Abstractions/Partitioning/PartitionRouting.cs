namespace Mortise.Partitioning;

/// <summary>What a partition scheme looks at.</summary>
public enum PartitionRouting
{
    /// <summary>Neither: there is one partition.</summary>
    Nothing = 1,

    /// <summary>The ordinal only; equal ordinals share a partition whatever their keys.</summary>
    ByOrdinal = 2,

    /// <summary>The key only; equal keys share a partition whatever their ordinals.</summary>
    ByKey = 3,
}
