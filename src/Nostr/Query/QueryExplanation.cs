using System.Globalization;
using System.Text;

namespace Mortise.Nostr;

/// <summary>How a query was answered: the plan as a tree, with what was estimated and what was done.</summary>
public sealed class QueryExplanation
{
    /// <summary>The root.</summary>
    public required PlanNode Root { get; init; }

    /// <summary>Results, each event once.</summary>
    public required long Results { get; init; }

    /// <summary>Index entries read.</summary>
    public required long Entries { get; init; }

    /// <summary>Records read from the record store.</summary>
    public required long Records { get; init; }

    /// <summary>Pages that the families read from disk meanwhile, for whomever; 0 when everything was in memory, null
    /// when nobody looked.</summary>
    public long? PagesRead { get; init; }

    /// <summary>Time from planning to the end.</summary>
    public required TimeSpan Elapsed { get; init; }

    /// <summary>The tree as text, one node a line.</summary>
    public override string ToString()
    {
        var text = new StringBuilder();
        Append(text, Root, 0);
        text.Append(CultureInfo.InvariantCulture, $"{Results} results, {Entries} entries, {Records} records, ")
            .Append(PagesRead is null ? "" : string.Create(CultureInfo.InvariantCulture, $"{PagesRead} pages read, "))
            .AppendLine(CultureInfo.InvariantCulture, $"{Elapsed.TotalMilliseconds:0.###} ms");
        return text.ToString();
    }

    /// <summary>Says how some runs went; nothing of it refers to them, so it may outlive them.</summary>
    internal static QueryExplanation Of(
        ReadOnlySpan<FilterRun> runs, long results, long? pagesRead, TimeSpan elapsed)
    {
        var filters = new PlanNode[runs.Length];
        long entries = 0;
        long records = 0;
        for (int i = 0; i < runs.Length; i++)
        {
            filters[i] = OfRun(runs[i]);
            entries += runs[i].Examined;
            records += runs[i].Records;
        }

        PlanNode root = filters.Length == 1
            ? filters[0]
            : new PlanNode
            {
                Operation = filters.Length == 0 ? "nothing" : "union",
                Results = results,
                Inputs = filters,
            };
        return new QueryExplanation
        {
            Root = root,
            Results = results,
            Entries = entries,
            Records = records,
            PagesRead = pagesRead,
            Elapsed = elapsed,
        };
    }

    private static PlanNode OfRun(FilterRun run)
    {
        ref readonly FilterPlan plan = ref run.Plan;
        var inputs = new List<PlanNode>();
        if (plan.Path is { } path)
        {
            PlanNode node = OfPath(path, run, plan.IsOrdered ? "merge" : "lookup");
            inputs.Add(plan.Second is null ? node : Intersection(run, path, plan.Second));
        }
        else
        {
            inputs.Add(new PlanNode
            {
                Operation = "scan",
                Family = plan.Fallback.Name,
                Detail = "reads all, sorts",
                EstimatedEntries = (long)plan.Estimate,
                Entries = run.Examined,
                Partitions = run.Partitions,
            });
        }

        foreach (AccessPath other in plan.Considered)
        {
            if (other != plan.Path && other != plan.Second)
            {
                inputs.Add(new PlanNode
                {
                    Operation = "not taken",
                    Family = other.Family.Name,
                    Detail = $"{other.Label}{other.Count} ranges",
                    EstimatedEntries = other.Entries < 0 ? null : (long)other.Entries,
                });
            }
        }

        return new PlanNode
        {
            Operation = "filter",
            Detail = (plan.Residual.IsEmpty ? "keys decide all" : $"checks {plan.Residual}")
                + (plan.Filter.Limit is int limit ? $", limit {limit}" : ""),
            Records = run.Records,
            InlineRecords = run.InlineRecords,
            Results = run.Results,
            Inputs = inputs,
        };
    }

    private static PlanNode OfPath(AccessPath path, FilterRun run, string operation) => new()
    {
        Operation = operation,
        Family = path.Family.Name,
        Detail = $"{path.Label}{path.Count} {(path.IsPoint ? "keys" : "ranges")}, decides {path.Decides}",
        EstimatedEntries = (long)run.Plan.Estimate,
        Entries = run.Examined,
        Partitions = run.Partitions,
    };

    private static PlanNode Intersection(FilterRun run, AccessPath first, AccessPath second) => new()
    {
        Operation = "intersect",
        EstimatedEntries = (long)run.Plan.Estimate,
        Entries = run.Examined,
        Partitions = run.Partitions,
        Inputs = [OfOne(first), OfOne(second)],
    };

    private static PlanNode OfOne(AccessPath path) => new()
    {
        Operation = "merge",
        Family = path.Family.Name,
        Detail = $"{path.Label}{path.Count} ranges, decides {path.Decides}",
        EstimatedEntries = (long)path.Entries,
    };

    private static void Append(StringBuilder text, PlanNode node, int depth)
    {
        text.Append(' ', depth * 2).AppendLine(node.ToString());
        foreach (PlanNode input in node.Inputs)
        {
            Append(text, input, depth + 1);
        }
    }
}
