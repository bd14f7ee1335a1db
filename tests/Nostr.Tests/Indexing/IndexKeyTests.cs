using System.Globalization;
using System.Reflection;
using System.Text.RegularExpressions;
using Mortise.Indexing;

namespace Mortise.Nostr.Tests.Indexing;

public sealed partial class IndexKeyTests
{
    private static readonly string s_ones = new('1', 64);
    private static readonly string s_twos = new('2', 64);
    private static readonly string s_threes = new('3', 64);

    [Fact]
    public void The_examples_of_the_document_are_what_the_code_writes()
    {
        NostrEvent article = Make(
            s_ones, 1, 30023, ["d", "x"], ["e", s_threes], ["t"], ["expiration", "9"], ["d", "y"]);
        NostrEvent deletion = Make(
            new string('4', 64), 2, 5, ["e", s_threes], ["a", $"30023:{s_twos}:x"], ["a", $"30023:{new string('5', 64)}:x"]);
        NostrEvent vanish = Make(
            new string('4', 64), 2, 62, ["relay", "ALL_RELAYS"], ["relay", "wss://R.example/"]);
        List<(string Projection, List<string> Keys)> examples = Examples();
        Assert.Equal(
            EventProjections.All.Keys.Append(EventProjections.Deletion).Order(), examples.Select(e => e.Projection).Order());
        int deletions = 0;
        foreach ((string projection, List<string> keys) in examples)
        {
            NostrEvent example = projection != EventProjections.Deletion ? article : deletions++ == 0 ? deletion : vanish;
            Assert.Equal(keys, Project(projection, example).Select(k => Convert.ToHexStringLower(k.Key)));
        }
    }

    [Fact]
    public void Keys_sort_newest_first_and_then_by_id()
    {
        IEnumerable<string> sorted = new (long At, string Id)[]
        {
            (long.MaxValue, "00"), (5, "00"), (5, "01"), (5, "ff"), (4, "00"), (1, "80"), (0, "00"), (0, "ff"),
        }.Select(e => Convert.ToHexString(Project(EventProjections.Time, Make(e.Id + s_ones[2..], e.At, 1))[0].Key));
        Assert.Equal(sorted.Order(StringComparer.Ordinal), sorted);
    }

    [Fact]
    public void No_key_is_longer_than_its_projection_says()
    {
        var random = new Random(TestSeed.Or(77));
        List<NostrEvent> events = new SyntheticEvents(random).Make(500, 1000, 10);
        string value = new('v', 512);
        events.Add(Make(s_ones, 1, 30000, ["d", value], ["e", value], ["d", value + "x"]));
        events.Add(Make(s_ones, 1, 5, ["a", $"30000:{s_twos}:{value}"], ["a", $"30000:{s_twos}:{value}x"]));
        events.Add(Make(s_ones, 1, 62, ["relay", value]));
        foreach ((string name, IKeyProjection projection) in EventProjections.All)
        {
            int longest = events.SelectMany(e => Project(name, e)).Max(k => k.Key.Length);
            Assert.InRange(longest, 1, projection.MaxKeyBytes);
            Assert.True(projection.MaxKeyBytes <= 1016, "fits with a location into the smallest conforming structure");
        }
    }

    [Fact]
    public void Equal_values_give_equal_keys_and_no_value_begins_another()
    {
        string[] values = ["", "a", "ab", "abc", s_threes, s_threes[..63], s_threes + "3", new('v', 511), new('v', 512), new('v', 513), "\0", "\0a"];
        List<string> keys = [];
        Span<byte> key = stackalloc byte[IndexedValue.MaxBytes];
        foreach (string value in values)
        {
            keys.Add(Convert.ToHexString(key[..IndexedValue.Write(System.Text.Encoding.UTF8.GetBytes(value), key)]));
            NostrEvent tagged = Make(s_ones, 1, 1, ["t", value]);
            Assert.StartsWith("74" + keys[^1], Convert.ToHexString(Project(EventProjections.Tag, tagged)[0].Key));
        }

        foreach (string one in keys)
        {
            Assert.Single(keys, other => other.StartsWith(one, StringComparison.Ordinal));
        }
    }

    [Fact]
    public void Every_offered_path_finds_the_events_that_meet_its_conditions_and_no_others()
    {
        var random = new Random(TestSeed.Or(78));
        List<OracleEvent> events = new SyntheticEvents(random).Make(200, 1000, 10).Select(e => new OracleEvent(e)).ToList();
        Dictionary<(string, OracleEvent), List<(long Ordinal, byte[] Key)>> keys = EventProjections.All.Keys
            .SelectMany(name => events.Select(e => (name, e)))
            .ToDictionary(p => p, p => Project(p.name, p.e.Event));
        var source = new FilterSource(random, events);
        int paths = 0;
        for (int i = 0; i < 150; i++)
        {
            Filter filter = source.NextRequest()[0].ToFilter();
            foreach ((string name, IKeyProjection projection) in EventProjections.All)
            {
                foreach (AccessPath path in PathOffers.Of((IEventProjection)projection, filter))
                {
                    paths++;
                    foreach (OracleEvent e in events)
                    {
                        bool meets = FilterMatch.Matches(filter, path.Decides.Except(FilterConditions.Time), e.Event.View);
                        bool found = keys[(name, e)].Exists(k => HasPrefix(path, k.Key));
                        if (meets != found)
                        {
                            Assert.Fail($"{name} {filter} {e.Event}");
                        }
                    }
                }
            }
        }

        Assert.True(paths > 150);
    }

    private static bool HasPrefix(AccessPath path, byte[] key)
    {
        for (int i = 0; i < path.Count; i++)
        {
            if (key.AsSpan().StartsWith(path.Prefix(i)))
            {
                return true;
            }
        }

        return false;
    }

    private static List<(string Projection, List<string> Keys)> Examples()
    {
        string root = typeof(IndexKeyTests).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(a => a.Key == "RepositoryRoot").Value!;
        string text = File.ReadAllText(Path.Combine(root, "docs", "index-keys.md"));
        var examples = new List<(string, List<string>)>();
        foreach (Match row in ExampleRow().Matches(text[text.IndexOf("## Examples", StringComparison.Ordinal)..]))
        {
            if (row.Groups["name"].Length > 0)
            {
                examples.Add((row.Groups["name"].Value, []));
            }

            string key = Repeated().Replace(row.Groups["key"].Value, m => string.Concat(
                Enumerable.Repeat(m.Groups[2].Value, int.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture))));
            examples[^1].Item2.Add(key.Replace(" ", "", StringComparison.Ordinal));
        }

        return examples;
    }

    private static NostrEvent Make(string id, long createdAt, int kind, params string[][] tags)
    {
        var list = new TagListWriter();
        foreach (string[] tag in tags)
        {
            list.AddTag(tag);
        }

        return NostrEvent.FromRecord(EventRecord.Encode(
            Convert.FromHexString(id), Convert.FromHexString(s_twos), new byte[64], createdAt, kind, list, default));
    }

    private static List<(long Ordinal, byte[] Key)> Project(string projection, NostrEvent @event)
    {
        var keys = new Keys();
        EventProjections.All[projection].Project(@event.Record.Span, keys);
        Assert.All(keys, k => Assert.Equal(@event.CreatedAt, k.Ordinal));
        return keys;
    }

    [GeneratedRegex(@"^\| (?:`(?<name>[a-z-]+)` )?\| `(?<key>[0-9a-f* ]+)` \|$", RegexOptions.Multiline)]
    private static partial Regex ExampleRow();

    [GeneratedRegex(@"(\d+)\*([0-9a-f]{2})")]
    private static partial Regex Repeated();

    private sealed class Keys : List<(long Ordinal, byte[] Key)>, IKeySink
    {
        public void Emit(long ordinal, ReadOnlySpan<byte> key) => Add((ordinal, key.ToArray()));
    }
}
