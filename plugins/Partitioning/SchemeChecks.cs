using System.Diagnostics.CodeAnalysis;

namespace Mortise.Partitioning;

/// <summary>What the schemes here have in common: dense ids from 0, and maps that are the same or not
/// compatible.</summary>
internal static class SchemeChecks
{
    /// <summary>Throws when a partition is not one of the scheme's.</summary>
    public static void InRange(PartitionId partition, int maxPartitions)
    {
        if ((uint)partition.Value >= (uint)maxPartitions)
        {
            throw new ArgumentOutOfRangeException(
                nameof(partition), partition.Value, $"the scheme has partitions 0 to {maxPartitions - 1}");
        }
    }

    /// <summary>True when two maps read the same; otherwise says what was recorded and what the stack asks
    /// for.</summary>
    /// <remarks>No other map is ever compatible: with another interval, range or count, some entry that is on disk
    /// would be looked for in a partition it is not in.</remarks>
    public static bool SameMap(string recorded, string wanted, [NotNullWhen(false)] out string? reason)
    {
        ArgumentNullException.ThrowIfNull(recorded);
        reason = recorded == wanted ? null : $"partitions were laid out as '{recorded}', the stack asks for '{wanted}'";
        return reason is null;
    }
}
