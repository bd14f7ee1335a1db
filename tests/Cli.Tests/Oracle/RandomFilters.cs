namespace Mortise.Cli.Tests.Oracle;

/// <summary>Makes requests that mostly find something: their values come from the events.</summary>
internal sealed class RandomFilters(IReadOnlyList<PlainEvent> events, Random random)
{
    /// <summary>One request: one to three filters.</summary>
    public PlainFilter[] NextRequest() =>
        [.. Enumerable.Range(0, random.Next(4) == 0 ? random.Next(2, 4) : 1).Select(_ => Next())];

    private PlainFilter Next()
    {
        // Conditions meet in one event, so that combinations of several are rarely empty.
        PlainEvent about = Any();
        bool hasIds = random.Next(8) == 0;
        var tags = new Dictionary<char, string[]>();
        foreach (string[] tag in about.Tags)
        {
            if (tag.Length >= 2 && tag[0].Length == 1 && char.IsAsciiLetter(tag[0][0]) && random.Next(4) == 0)
            {
                tags[tag[0][0]] = [tag[1], .. Others(random.Next(3), e => TagValue(e, tag[0]))];
            }
        }

        return new PlainFilter
        {
            Ids = hasIds ? [about.Id, .. Others(random.Next(5), e => e.Id)] : null,
            Authors = random.Next(3) == 0 ? [about.Author, .. Others(random.Next(4), e => e.Author)] : null,
            Kinds = random.Next(3) == 0 ? [about.Kind, .. Others(random.Next(3), e => e.Kind)] : null,
            Tags = random.Next(2) == 0 ? tags : [],
            Since = random.Next(4) == 0 ? Near(Math.Min(about.CreatedAt, Any().CreatedAt)) : null,
            Until = random.Next(4) == 0 ? Near(Math.Max(about.CreatedAt, Any().CreatedAt)) : null,
            Limit = random.Next(2) == 0 ? random.Next(10) == 0 ? 0 : random.Next(1, 60) : null,
        };
    }

    private PlainEvent Any() => events[random.Next(events.Count)];

    private IEnumerable<T> Others<T>(int count, Func<PlainEvent, T> value) =>
        Enumerable.Range(0, count).Select(_ => value(Any())).Distinct();

    private static string TagValue(PlainEvent one, string name) =>
        Array.Find(one.Tags, tag => tag.Length >= 2 && tag[0] == name)?[1] ?? "nobody uses this value";

    // On the bound, and one beside it: the bounds are part of the range.
    private long Near(long time) => Math.Max(0, time + random.Next(-1, 2));
}
