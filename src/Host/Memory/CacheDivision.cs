namespace Mortise.Host.Memory;

/// <summary>Divides a budget by load: first over families, then over the tiers of each, then over the partitions of
/// each tier. Pure.</summary>
internal static class CacheDivision
{
    /// <summary>The families' new shares.</summary>
    /// <param name="budget">Bytes in all.</param>
    /// <param name="before">The shares so far; their sum is at most the budget.</param>
    /// <param name="loads">Of each family.</param>
    /// <param name="options">Weights, floors and bounds.</param>
    /// <returns>Shares whose sum is at most the budget.</returns>
    public static long[] Families(
        long budget, ReadOnlySpan<long> before, ReadOnlySpan<CacheLoad> loads, CacheBudgetOptions options)
    {
        int count = before.Length;
        long floor = Math.Min(budget / 100 * options.FloorPercent, budget / (2 * Math.Max(1, count)));
        long[] wanted = Proportional(budget - (floor * count), loads, options);
        long mostMoved = Math.Max(1, budget / 100 * options.MaxMovePercent);
        long[] after = before.ToArray();
        long slack = budget;
        for (int i = 0; i < count; i++)
        {
            // What shrinks does so first; what grows shares what that leaves.
            long change = Math.Clamp(wanted[i] + floor - before[i], -mostMoved, mostMoved);
            bool isSmall = Math.Abs(change) < before[i] / 100 * options.HysteresisPercent;
            wanted[i] = isSmall ? 0 : change;
            after[i] += Math.Min(0, wanted[i]);
            slack -= after[i];
        }

        double growth = 0;
        foreach (long change in wanted)
        {
            growth += Math.Max(0, change);
        }

        double factor = growth <= slack ? 1 : Math.Max(0, slack) / growth;
        for (int i = 0; i < count; i++)
        {
            after[i] += (long)(Math.Max(0, wanted[i]) * factor);
        }

        return after;
    }

    /// <summary>The shares of a family's partitions.</summary>
    /// <param name="share">The family's bytes.</param>
    /// <param name="tiers">Of each partition.</param>
    /// <param name="loads">Of each partition.</param>
    /// <param name="options">Weights.</param>
    /// <returns>Shares whose sum is at most <paramref name="share"/>.</returns>
    public static long[] Partitions(
        long share, ReadOnlySpan<PartitionTier> tiers, ReadOnlySpan<CacheLoad> loads, CacheBudgetOptions options)
    {
        double[] weights = [options.ActivePercent, options.RecentPercent, options.HistoricalPercent];
        long[] accesses = new long[weights.Length];
        int[] members = new int[weights.Length];
        for (int i = 0; i < tiers.Length; i++)
        {
            accesses[(int)tiers[i]] += loads[i].Accesses;
            members[(int)tiers[i]]++;
        }

        bool isAnyAccessed = accesses.Any(static a => a > 0);
        for (int tier = 0; tier < weights.Length; tier++)
        {
            // A tier without partitions leaves its part to the others; one that nobody reads, most of it.
            weights[tier] *= members[tier] == 0 ? 0 : isAnyAccessed && accesses[tier] == 0 ? 0.1 : 1;
        }

        double sum = Math.Max(weights.Sum(), double.Epsilon);
        long[] shares = new long[tiers.Length];
        for (int tier = 0; tier < weights.Length; tier++)
        {
            DivideTier((long)(share * (weights[tier] / sum)), (PartitionTier)tier, tiers, loads, options, shares);
        }

        return shares;
    }

    private static void DivideTier(
        long share,
        PartitionTier tier,
        ReadOnlySpan<PartitionTier> tiers,
        ReadOnlySpan<CacheLoad> loads,
        CacheBudgetOptions options,
        long[] shares)
    {
        var places = new List<int>();
        for (int i = 0; i < tiers.Length; i++)
        {
            if (tiers[i] == tier)
            {
                places.Add(i);
            }
        }

        if (places.Count == 0)
        {
            return;
        }

        // A tenth is divided equally, so that a partition that is new can show what it needs.
        CacheLoad[] ofTier = new CacheLoad[places.Count];
        for (int i = 0; i < ofTier.Length; i++)
        {
            ofTier[i] = loads[places[i]];
        }

        long equal = share / 10 / places.Count;
        long[] wanted = Proportional(share - (equal * places.Count), ofTier, options);
        for (int i = 0; i < wanted.Length; i++)
        {
            shares[places[i]] = equal + wanted[i];
        }
    }

    private static long[] Proportional(long bytes, ReadOnlySpan<CacheLoad> loads, CacheBudgetOptions options)
    {
        double demand = 0;
        double accesses = 0;
        foreach (CacheLoad load in loads)
        {
            demand += load.Demand;
            accesses += load.Accesses;
        }

        double byDemand = demand == 0 ? 0 : options.CapacityPercent / 100.0;
        double byAccess = accesses == 0 ? 0 : 1 - byDemand;
        long[] shares = new long[loads.Length];
        for (int i = 0; i < shares.Length; i++)
        {
            double part = byDemand + byAccess == 0
                ? 1.0 / shares.Length
                : (byDemand * loads[i].Demand / Math.Max(demand, 1)) + (byAccess * loads[i].Accesses / Math.Max(accesses, 1));
            shares[i] = (long)(bytes * part);
        }

        return shares;
    }
}
