using System.Text;
using System.Text.Json;

namespace Mortise.Nostr.Tests;

/// <summary>A filter as strings, with the dumbest possible way to answer it.</summary>
internal sealed class OracleFilter
{
    public HashSet<string>? Ids { get; set; }

    public HashSet<string>? Authors { get; set; }

    public HashSet<int>? Kinds { get; set; }

    public SortedDictionary<string, HashSet<string>> Tags { get; } = new(StringComparer.Ordinal);

    public long? Since { get; set; }

    public long? Until { get; set; }

    public int? Limit { get; set; }

    public bool Matches(OracleEvent e) =>
        (Ids is null || Ids.Contains(e.Id))
        && (Authors is null || Authors.Contains(e.Author))
        && (Kinds is null || Kinds.Contains(e.Kind))
        && (Since is null || e.CreatedAt >= Since)
        && (Until is null || e.CreatedAt <= Until)
        && Tags.All(t => e.HasTag(t.Key, t.Value));

    /// <summary>The ids of the union of the filters' results, newest first, ties by lowest id.</summary>
    public static List<string> Answer(
        IEnumerable<OracleFilter> filters, IReadOnlyCollection<OracleEvent> events, OracleEvent? after = null) => filters
        .SelectMany(f => Sorted(events.Where(f.Matches))
            .Where(e => after is null || Compare(e, after) > 0)
            .Take(f.Limit ?? int.MaxValue))
        .DistinctBy(e => e.Id)
        .Order(Comparer<OracleEvent>.Create(Compare))
        .Select(e => e.Id)
        .ToList();

    public static IEnumerable<OracleEvent> Sorted(IEnumerable<OracleEvent> events) =>
        events.Order(Comparer<OracleEvent>.Create(Compare));

    public static int Compare(OracleEvent a, OracleEvent b) => a.CreatedAt != b.CreatedAt
        ? b.CreatedAt.CompareTo(a.CreatedAt)
        : string.CompareOrdinal(a.Id, b.Id);

    public string ToJson()
    {
        var fields = new Dictionary<string, object>();
        AddTo(fields, "ids", Ids);
        AddTo(fields, "authors", Authors);
        AddTo(fields, "kinds", Kinds);
        AddTo(fields, "since", Since);
        AddTo(fields, "until", Until);
        AddTo(fields, "limit", Limit);
        foreach ((string name, HashSet<string> values) in Tags)
        {
            fields.Add("#" + name, values);
        }

        return JsonSerializer.Serialize(fields);
    }

    public Filter ToFilter() => Filter.Parse(Encoding.UTF8.GetBytes(ToJson()));

    private static void AddTo(Dictionary<string, object> fields, string name, object? value)
    {
        if (value is not null)
        {
            fields.Add(name, value);
        }
    }
}
