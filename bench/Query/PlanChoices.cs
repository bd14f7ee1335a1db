using Mortise.Engine;
using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>Runs every path that a filter could take and compares the planner's choice with the best.</summary>
internal sealed class PlanChoices(EventStore store, GeneratedFilters filters)
{
    /// <summary>Fewer entries than this are never a bad choice.</summary>
    private const long Slack = 40;

    /// <summary>What the latest 20 of an author cost.</summary>
    public void Feed(byte[] author)
    {
        var filter = new Filter { Authors = IdSet.FromBytes(author) };
        long all = store.Count([filter]);
        QueryExplanation how = store.Explain([filter.WithLimit(20)]);
        Console.WriteLine($"the latest 20 of an author with {all:n0} events: {how.Entries} entries, {how.Records} records");
    }

    public void Run(int count)
    {
        using StoreView view = store.Engine.OpenView();
        int good = 0;
        int exactOver = 0;
        int pairs = 0;
        long chosenSum = 0;
        long bestSum = 0;
        var worst = new List<(double Ratio, string Text)>();
        for (int i = 0; i < count; i++)
        {
            Filter filter = filters.Next();
            var window = new QueryWindow(filter, null);
            FilterPlan chosen = FilterPlanner.Plan(view, filter, window, new PathOffers());
            long work = Work(view, chosen, long.MaxValue);
            long best = work;
            foreach (AccessPath path in chosen.Considered)
            {
                FilterConditions left = filter.Conditions.Except(path.Decides);
                var single = new FilterPlan(filter, path, null, chosen.Fallback, left, null, window, 0, []);
                best = Math.Min(best, Work(view, single, best));
            }

            pairs += chosen.Second is null ? 0 : 1;
            chosenSum += work;
            bestSum += best;
            bool isGood = work <= Math.Max(2 * best, Slack);
            good += isGood ? 1 : 0;
            worst.Add(((double)work / Math.Max(best, Slack), $"{work} entries, best {best}: {filter} by {Name(chosen)}"));
            AccessPath? exact = chosen.Considered.FirstOrDefault(p => p.Decides.Contains(filter.Conditions) && !p.IsPoint);
            if (exact is not null && filter.Limit is int limit && work > Bound(limit, exact.Count))
            {
                exactOver++;
                Console.WriteLine($"   over limit + slack: {work} entries: {filter} by {Name(chosen)}");
            }
        }

        worst.Sort(static (a, b) => b.Ratio.CompareTo(a.Ratio));
        Console.WriteLine(
            $"{count} filters: {100.0 * good / count:n1} % read at most twice the entries of the best single family; "
            + $"{pairs} by two families; in all {chosenSum:n0} entries, the best {bestSum:n0}; "
            + $"{exactOver} with an exact path read more than they may");
        foreach ((double ratio, string text) in worst.Take(5))
        {
            Console.WriteLine($"   {ratio:n1}x: {text}");
        }
    }

    /// <summary>What a filter with a path that decides it reads at most: of one range its limit and two entries, of many
    /// its limit twice and one a range.</summary>
    private static int Bound(int limit, int ranges) => ranges == 1 ? limit + 2 : (2 * limit) + ranges + 2;

    private static string Name(FilterPlan plan) => $"{plan.Path?.Family.Name} {plan.Second?.Family.Name}";

    private static long Work(StoreView view, FilterPlan plan, long most)
    {
        var window = new QueryWindow(plan.Filter, null);
        using var run = new FilterRun();
        run.Begin(view, plan, window, EntryGuard.None, wantsRecords: false, default);
        while (run.Examined <= most && run.MoveNext())
        {
        }

        return run.Examined;
    }
}
