using Mortise.Nostr;

namespace Mortise.Bench.Query;

/// <summary>Filters that have something to do with some events, of every shape that the planner tells apart.</summary>
internal sealed class GeneratedFilters(Random random, IReadOnlyList<NostrEvent> events)
{
    public Filter Next()
    {
        NostrEvent about = Any();
        IdSet? authors = null;
        KindSet? kinds = null;
        long? since = null;
        long? until = null;
        var tags = new Dictionary<char, TagCondition>();
        for (int parts = random.Next(1, 5); parts > 0; parts--)
        {
            switch (random.Next(9))
            {
                case 0 or 1:
                    authors = IdSet.FromHex([.. Some(about, e => e.PubKey, 40)]);
                    break;
                case 2 or 3:
                    kinds = KindSet.Of([.. Some(about, e => e.Kind, 4).Distinct()]);
                    break;
                case 4 or 5 or 6:
                    AddTag(tags, random.Next(3) == 0 ? Any() : about);
                    break;
                case 7:
                    since = about.CreatedAt - random.NextInt64(60, 90 * 86_400L);
                    break;
                default:
                    until = about.CreatedAt + random.NextInt64(60, 90 * 86_400L);
                    break;
            }
        }

        return new Filter
        {
            Authors = authors,
            Kinds = kinds,
            Tags = [.. tags.Values],
            Since = since,
            Until = until,
            Limit = random.Next(4) switch { 0 => 1, 1 => random.Next(2, 30), 2 => random.Next(30, 500), _ => null },
        };
    }

    private NostrEvent Any() => events[random.Next(events.Count)];

    private List<T> Some<T>(NostrEvent about, Func<NostrEvent, T> value, int most)
    {
        var values = new List<T> { value(about) };
        for (int more = random.Next(3) == 0 ? random.Next(most) : 0; more > 0; more--)
        {
            values.Add(value(Any()));
        }

        return values;
    }

    private void AddTag(Dictionary<char, TagCondition> tags, NostrEvent about)
    {
        string[][] usable = [.. about.GetTags().Where(
            static t => t.Length >= 2 && t[0].Length == 1 && char.IsAsciiLetter(t[0][0]))];
        if (usable.Length > 0)
        {
            string[] tag = usable[random.Next(usable.Length)];
            tags[tag[0][0]] = TagCondition.Of(tag[0][0], tag[1]);
        }
    }
}
