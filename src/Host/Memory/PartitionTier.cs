namespace Mortise.Host.Memory;

/// <summary>How near to the present a partition is.</summary>
public enum PartitionTier
{
    /// <summary>It contains the present, or time does not matter to it.</summary>
    Active = 0,

    /// <summary>It ended not long ago.</summary>
    Recent = 1,

    /// <summary>It ended long ago, or begins in the future.</summary>
    Historical = 2,
}
