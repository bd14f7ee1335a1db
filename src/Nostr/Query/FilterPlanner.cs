using Mortise.Engine;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Nostr;

/// <summary>Chooses how to answer a filter, from what the families estimate. Costs are in entries read.</summary>
internal static class FilterPlanner
{
    /// <summary>What reading and checking a record costs.</summary>
    public const double RecordCost = 8;

    /// <summary>What opening one range in one partition costs.</summary>
    public const double RangeCost = 3;

    // A path that needs no record is taken without asking for estimates up to this many ranges: it reads the limit and
    // one entry a range more, and nothing can read less than the limit.
    private const int ExactRanges = 128;

    // What leaping ahead in the longer of two lists costs for each entry of the shorter one.
    private const double FollowCost = 6;

    // Two families at once spare records and read more entries. How many more may be, and how much must be gained: the
    // estimates are off by a factor of two now and then.
    private const double IntersectionEntries = 2.6;
    private const double IntersectionGain = 0.4;

    private const double UnknownSelectivity = 0.1;

    /// <param name="view">What is asked.</param>
    /// <param name="filter">The filter.</param>
    /// <param name="window">The part of the order wanted.</param>
    /// <param name="offers">Holds the paths of the plan, and none before.</param>
    /// <exception cref="ArgumentException">The filter searches words and no family has them.</exception>
    public static FilterPlan Plan(StoreView view, Filter filter, in QueryWindow window, PathOffers offers)
    {
        FamilyView all = Families.WithProjection(view, EventProjections.Id)
            ?? throw new InvalidOperationException("the stack has no family with the projection 'id'");
        SearchQuery? search = filter.Search is null ? null : SearchQuery.Of(view.Families, filter.Search);
        for (int i = 0; i < view.Families.Count; i++)
        {
            offers.Collect(view.Families[i], filter, search);
        }

        List<AccessPath> paths = offers.Paths;
        FilterConditions conditions = search is null
            ? filter.Conditions
            : filter.Conditions.Except(FilterConditions.Search) | search.Conditions;
        if (search is null && conditions.Overlaps(FilterConditions.Search)
            && !paths.Exists(static p => p.Decides.Overlaps(FilterConditions.Search)))
        {
            throw new ArgumentException(
                "the filter has 'search', and no index family of this store has words", nameof(filter));
        }

        if (FindExact(paths, conditions) is { } exact)
        {
            return new FilterPlan(filter, exact, null, all, FilterConditions.None, search, window, null, paths);
        }

        return Cheapest(filter, paths, conditions, search, all, window);
    }

    private static AccessPath? FindExact(List<AccessPath> paths, FilterConditions conditions)
    {
        AccessPath? best = null;
        foreach (AccessPath path in paths)
        {
            if (path.Decides.Contains(conditions)
                && path.Count <= ExactRanges
                && (best is null || path.Count < best.Count))
            {
                best = path;
            }
        }

        return best;
    }

    private static FilterPlan Cheapest(
        Filter filter,
        List<AccessPath> paths,
        FilterConditions conditions,
        SearchQuery? search,
        FamilyView all,
        in QueryWindow window)
    {
        double total = Math.Max(1, all.Estimate(KeyRange.All, OrdinalRange.All));
        double inWindow = total;
        foreach (AccessPath path in paths)
        {
            if (path.Decides == FilterConditions.Time)
            {
                inWindow = Math.Clamp(path.Estimate(window), 1, total);
            }
        }

        // The fallback reads all records and sorts.
        var best = new Choice(null, null, total, total * (1 + RecordCost));
        for (int i = 0; i < paths.Count; i++)
        {
            Choice single = Single(filter, paths, i, conditions, inWindow, window);
            best = single.Cost < best.Cost ? single : best;
        }

        double mostEntries = best.Entries * IntersectionEntries;
        double mostCost = best.Cost * IntersectionGain;
        for (int i = 0; i < paths.Count; i++)
        {
            for (int j = 0; j < i; j++)
            {
                if (TryIntersect(filter, paths, i, j, conditions, inWindow, window, out Choice pair)
                    && pair.Entries <= mostEntries
                    && pair.Cost <= mostCost)
                {
                    best = pair;
                    mostCost = pair.Cost;
                }
            }
        }

        FilterConditions decided = (best.Path?.Decides ?? default) | (best.Second?.Decides ?? default);
        return new FilterPlan(
            filter, best.Path, best.Second, all, conditions.Except(decided), search, window, best.Entries, paths);
    }

    private static Choice Single(
        Filter filter,
        List<AccessPath> paths,
        int index,
        FilterConditions conditions,
        double total,
        in QueryWindow window)
    {
        AccessPath path = paths[index];
        double entries = Math.Min(path.Estimate(window), total);
        FilterConditions left = conditions.Except(path.Decides);
        double share = Selectivity(left, paths, total, window);
        double read = path.IsPoint || filter.Limit is not int limit
            ? entries
            : Math.Min(entries, (limit / share) + path.Count);
        double opened = Openings(path, read, entries, window);
        double cost = (opened * RangeCost) + read + (left.IsEmpty && !path.IsPoint ? 0 : read * RecordCost);
        return new Choice(path, null, read, cost);
    }

    /// <summary>Reads two paths side by side: the one with fewer entries in full, of the other what it takes to
    /// follow.</summary>
    private static bool TryIntersect(
        Filter filter,
        List<AccessPath> paths,
        int first,
        int second,
        FilterConditions conditions,
        double total,
        in QueryWindow window,
        out Choice choice)
    {
        AccessPath a = paths[first];
        AccessPath b = paths[second];
        choice = default;
        if (a.IsPoint || b.IsPoint || a.Family == b.Family && a.Decides == b.Decides
            || conditions.Except(a.Decides).Except(b.Decides) == conditions.Except(a.Decides)
            || conditions.Except(a.Decides).Except(b.Decides) == conditions.Except(b.Decides))
        {
            return false;
        }

        double few = Math.Min(Math.Min(a.Estimate(window), b.Estimate(window)), total);
        double many = Math.Min(Math.Max(a.Estimate(window), b.Estimate(window)), total);
        FilterConditions left = conditions.Except(a.Decides).Except(b.Decides);
        double common = few * many / total;
        double matches = common * Selectivity(left, paths, total, window);
        double part = filter.Limit is int limit ? Math.Min(1, limit / Math.Max(matches, 1e-9)) : 1;
        double read = part * (few + Math.Min(many, few * FollowCost)) + a.Count + b.Count;
        double opened = Openings(a, part, 1, window) + Openings(b, part, 1, window);
        double cost = (opened * RangeCost) + read + (left.IsEmpty ? 0 : part * common * RecordCost);
        choice = new Choice(a, b, read, cost);
        return true;
    }

    /// <summary>How many times a range is opened in a partition. Partitions are read newest first, all ranges of one
    /// before the next, so who stops after a part of the entries has opened about that part of them.</summary>
    private static double Openings(AccessPath path, double read, double entries, in QueryWindow window)
    {
        int partitions = path.IsPoint ? 1 : path.Family.CountPartitions(window.Ordinals);
        return path.Count * Math.Max(1, Math.Ceiling(partitions * Math.Min(1, read / Math.Max(entries, 1))));
    }

    /// <summary>About which share of events meets conditions, taken as independent of each other.</summary>
    private static double Selectivity(
        FilterConditions conditions, List<AccessPath> paths, double total, in QueryWindow window)
    {
        double share = 1;
        for (ulong left = conditions.Bits; left != 0; left &= left - 1)
        {
            var condition = new FilterConditions(left & ~(left - 1));
            double met = -1;
            foreach (AccessPath path in paths)
            {
                if (path.Decides.Contains(condition)
                    && path.Decides.Except(FilterConditions.Time).Bits == condition.Bits)
                {
                    met = met < 0 ? path.Estimate(window) : Math.Min(met, path.Estimate(window));
                }
            }

            share *= met < 0 ? UnknownSelectivity : Math.Clamp(met / total, 1e-9, 1);
        }

        return share;
    }

    private readonly record struct Choice(AccessPath? Path, AccessPath? Second, double Entries, double Cost);
}
