using System.Text.Json;

namespace Mortise.Cli.Tests.Oracle;

/// <summary>A NIP-01 filter, matched as the specification reads and in no hurry.</summary>
internal sealed class PlainFilter
{
    public string[]? Ids { get; init; }

    public string[]? Authors { get; init; }

    public int[]? Kinds { get; init; }

    public Dictionary<char, string[]> Tags { get; init; } = [];

    public long? Since { get; init; }

    public long? Until { get; init; }

    public int? Limit { get; init; }

    /// <summary>The ids of the answer to several filters at once: newest first, ties by lowest id, each once.</summary>
    public static string[] Answer(IEnumerable<PlainFilter> filters, IReadOnlyList<PlainEvent> newestFirst)
    {
        var wanted = new HashSet<string>();
        foreach (PlainFilter filter in filters)
        {
            wanted.UnionWith(newestFirst.Where(filter.Matches).Take(filter.Limit ?? int.MaxValue).Select(e => e.Id));
        }

        return [.. newestFirst.Select(e => e.Id).Where(wanted.Contains)];
    }

    /// <summary>The filter as JSON.</summary>
    public string ToJson()
    {
        var fields = new Dictionary<string, object>();
        Add("ids", Ids);
        Add("authors", Authors);
        Add("kinds", Kinds);
        foreach ((char letter, string[] values) in Tags)
        {
            Add($"#{letter}", values);
        }

        Add("since", Since);
        Add("until", Until);
        Add("limit", Limit);
        return JsonSerializer.Serialize(fields);

        void Add(string name, object? value)
        {
            if (value is not null)
            {
                fields[name] = value;
            }
        }
    }

    private bool Matches(PlainEvent one) =>
        (Ids is null || Ids.Contains(one.Id))
        && (Authors is null || Authors.Contains(one.Author))
        && (Kinds is null || Kinds.Contains(one.Kind))
        && (Since is null || one.CreatedAt >= Since)
        && (Until is null || one.CreatedAt <= Until)
        && Tags.All(wanted => one.Tags.Any(tag =>
            tag.Length >= 2 && tag[0] == wanted.Key.ToString() && wanted.Value.Contains(tag[1])));
}
