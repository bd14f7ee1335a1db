namespace Mortise.Host.Memory;

/// <summary>How a memory budget follows the load.</summary>
public sealed class CacheBudgetOptions
{
    /// <summary>The part of the budget, in percent, that goes to where memory is in use or lacking; the rest goes to
    /// where accesses are. 0 to 100.</summary>
    public int CapacityPercent { get; init; } = 70;

    /// <summary>What each family keeps whatever the load, in percent of the budget; all floors together are at most
    /// half of it. 0 to 50.</summary>
    public int FloorPercent { get; init; } = 1;

    /// <summary>The weight of partitions that contain the present.</summary>
    public int ActivePercent { get; init; } = 60;

    /// <summary>The weight of partitions that ended at most <see cref="Recent"/> ago.</summary>
    public int RecentPercent { get; init; } = 30;

    /// <summary>The weight of all other partitions, those that begin in the future included.</summary>
    public int HistoricalPercent { get; init; } = 10;

    /// <summary>How long a partition that has ended is recent.</summary>
    public TimeSpan Recent { get; init; } = TimeSpan.FromDays(90);

    /// <summary>The budget is divided anew after so many accesses, 1 and up.</summary>
    public int AccessesPerRound { get; init; } = 8192;

    /// <summary>The most of the budget, in percent, that one round gives to or takes from a family; 1 to 100.</summary>
    public int MaxMovePercent { get; init; } = 10;

    /// <summary>A family whose share would change by less than this, in percent of the share, keeps it.</summary>
    public int HysteresisPercent { get; init; } = 5;
}
