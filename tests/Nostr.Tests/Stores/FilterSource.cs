namespace Mortise.Nostr.Tests;

/// <summary>Makes random filters that have something to do with some events.</summary>
internal sealed class FilterSource(Random random, IReadOnlyList<OracleEvent> events)
{
    private const string Nobody = "00000000000000000000000000000000000000000000000000000000000000aa";

    /// <summary>One filter mostly, several now and then.</summary>
    public OracleFilter[] NextRequest()
    {
        int count = random.Next(5) == 0 ? random.Next(2, 5) : 1;
        OracleFilter[] filters = new OracleFilter[count];
        for (int i = 0; i < count; i++)
        {
            filters[i] = Next();
        }

        return filters;
    }

    public OracleEvent Any() => events[random.Next(events.Count)];

    private OracleFilter Next()
    {
        var filter = new OracleFilter();
        OracleEvent about = Any();
        int parts = random.Next(1, 4);
        for (int i = 0; i < parts; i++)
        {
            switch (random.Next(12))
            {
                case 0:
                    filter.Ids = Some(about.Id, () => Any().Id, Nobody);
                    break;
                case 1 or 2 or 3:
                    filter.Authors = Some(about.Author, () => Any().Author, Nobody);
                    break;
                case 4 or 5 or 6:
                    filter.Kinds = Some(about.Kind, () => Any().Kind, 65535);
                    break;
                case 7 or 8 or 9:
                    AddTag(filter, random.Next(3) == 0 ? Any() : about);
                    break;
                case 10:
                    filter.Since = Near(random.Next(2) == 0 ? about : Any());
                    break;
                default:
                    filter.Until = Near(random.Next(2) == 0 ? about : Any());
                    break;
            }
        }

        if (random.Next(3) > 0)
        {
            filter.Limit = random.Next(8) switch { 0 => 0, 1 => 1, 2 => 500, _ => random.Next(2, 40) };
        }

        return filter;
    }

    private long Near(OracleEvent e) => Math.Max(0, e.CreatedAt + random.Next(-1, 2));

    private HashSet<T> Some<T>(T about, Func<T> other, T nobody)
    {
        var values = new HashSet<T> { about };
        int more = random.Next(6) switch { 0 => 0, 1 => random.Next(30), _ => random.Next(3) };
        for (int i = 0; i < more; i++)
        {
            values.Add(other());
        }

        if (random.Next(10) == 0)
        {
            values.Add(nobody);
        }

        if (random.Next(40) == 0)
        {
            values.Clear();
        }

        return values;
    }

    private void AddTag(OracleFilter filter, OracleEvent about)
    {
        string[][] tags = about.Tags.Where(t => t.Length >= 2 && t[0].Length == 1 && char.IsAsciiLetter(t[0][0])).ToArray();
        if (tags.Length == 0)
        {
            filter.Tags["t"] = ["nostr", "none"];
            return;
        }

        string[] tag = tags[random.Next(tags.Length)];
        filter.Tags[tag[0]] = Some(
            tag[1],
            () => Any().Tags.FirstOrDefault(t => t.Length >= 2 && t[0] == tag[0])?[1] ?? "other",
            tag[1].ToUpperInvariant());
    }
}
