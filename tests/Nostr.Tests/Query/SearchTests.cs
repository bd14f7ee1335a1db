using System.Text;
using Mortise.Nostr.Tests.Policy;

namespace Mortise.Nostr.Tests.Query;

/// <summary>Searches by an index of words that a plugin makes, against texts cut up by hand.</summary>
public sealed class SearchTests
{
    private static readonly string[] s_words =
        ["node", "Node", "NODES", "bitcoin", "b\u00fcro", "B\u00dcRO", "\u65e5\u672c", "x1", "1", "\U0001F600", "a", "the", new string('w', 80)];

    public static TheoryData<string> Stacks => ["full and words", "id, words"];

    [Theory]
    [MemberData(nameof(Stacks))]
    public async Task Answers_are_those_of_brute_force_in_their_order(string stackName)
    {
        int seed = TestSeed.Or(50);
        var random = new Random(seed);
        TestStack stack = stackName == TestStack.WithWords.Name ? TestStack.WithWords : TestStack.WordsOnly;
        await using TestStore store = await TestStore.OpenAsync(stack, TestStore.KeepEverything);
        List<NostrEvent> events = Make(random, 500, store.Now);
        await store.PutAsync(events, batch: 100);
        Compare(store, events, random, TestSeed.Soaked(150), $"seed {seed}, {stackName}");
        foreach (NostrEvent gone in events.Where(_ => random.Next(10) == 0).ToList())
        {
            Assert.True(await store.Events.DeleteAsync(Convert.FromHexString(gone.Id)));
            events.Remove(gone);
        }

        await store.Events.CheckpointAsync();
        await store.KillAsync();
        Compare(store, events, random, TestSeed.Soaked(150), $"seed {seed}, {stackName}, after a kill");
    }

    [Fact]
    public async Task Words_of_a_search_are_read_side_by_side_and_the_plan_says_so()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.WithWords);
        var random = new Random(TestSeed.Or(51));
        var events = new List<NostrEvent>();
        for (int i = 0; i < 3000; i++)
        {
            string text = (i % 3 == 0 ? "cats " : "") + (i % 4 == 0 ? "dogs " : "") + (i == 1200 ? "axolotl" : "");
            events.Add(NostrEvent.CreateUnsigned(new byte[32], i, 1, text));
        }

        await store.PutAsync(events);
        QueryExplanation one = store.Events.Explain([Filter.Parse("""{"search":"AXOLOTL"}""")]);
        Assert.Equal((1, 1, 1), (one.Results, one.Entries, one.Records));
        QueryExplanation counted = store.Events.Explain([Filter.Parse("""{"search":"cats"}""")], count: true);
        Assert.Equal((1000, 0), (counted.Results, counted.Records));
        QueryExplanation two = store.Events.Explain([Filter.Parse("""{"search":"dogs cats","limit":1000}""")]);
        Assert.Equal(250, two.Results);
        Assert.Equal("intersect", two.Root.Inputs[0].Operation);
        Assert.True(two.Records <= 260, two.ToString());
        Assert.Contains("'dogs'", two.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_live_search_finds_what_a_stored_one_does()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.WithWords);
        Filter[] filters = [Filter.Parse("""{"search":"node b\u00fcro"}""")];
        await using EventSubscription subscription = store.Events.Subscribe(filters);
        await store.PutAsync(Make(new Random(TestSeed.Or(52)), 300, store.Now));
        await subscription.DisposeAsync();
        List<SubscriptionItem> items = await subscription.ReadAllAsync().ToListAsync();
        List<string> live = items.Where(i => i.Kind == SubscriptionItemKind.Live).Select(i => i.Event!.Id).ToList();
        Assert.NotEmpty(live);
        Assert.Equal(store.Ids(filters).Order(), live.Order());
    }

    [Fact]
    public async Task Without_an_index_of_words_a_search_is_refused_and_the_store_says_so_before()
    {
        await using TestStore without = await TestStore.OpenAsync(TestStack.Full);
        await using TestStore with = await TestStore.OpenAsync(TestStack.WithWords);
        Assert.False(without.Events.CanSearch);
        Assert.True(with.Events.CanSearch);
        Filter[] filters = [Filter.Parse("""{"search":"x"}""")];
        Assert.Throws<ArgumentException>(() => without.Events.Count(filters));
        Assert.Throws<ArgumentException>(() => without.Events.Subscribe(filters));
    }

    [Fact]
    public async Task Too_many_words_are_refused_and_no_words_are_no_condition()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.WithWords);
        var actors = new PolicyActors(1, store.Now);
        await store.Events.PutAsync(actors.Make(1, actors.Alice, 10, 1));
        string many = string.Join(' ', Enumerable.Range(0, 65));
        Assert.Throws<ArgumentException>(() => store.Ids(new Filter { Search = many }));
        Assert.Empty(store.Ids(new Filter { Search = many[..many.LastIndexOf(' ')] }));
        Assert.Single(store.Ids(new Filter { Search = " , language:en" }));
    }

    private static List<NostrEvent> Make(Random random, int count, long now)
    {
        var events = new List<NostrEvent>();
        for (int i = 0; i < count; i++)
        {
            string[][] tags = random.Next(3) == 0 ? [["title", Text(random)], ["t", "x"]] : [["title"], ["subject", Text(random)]];
            events.Add(NostrEvent.CreateUnsigned(
                [.. Enumerable.Repeat((byte)random.Next(3), 32)],
                now + random.Next(20),
                random.Next(6) == 0 ? 4 : random.Next(1, 3),
                Text(random),
                tags));
        }

        return [.. events.DistinctBy(e => e.Id)];
    }

    private static string Text(Random random)
    {
        var text = new StringBuilder();
        for (int i = random.Next(7); i > 0; i--)
        {
            text.Append(s_words[random.Next(s_words.Length)]).Append(" \t\n,.-_\u3000:"[random.Next(9)]);
        }

        return text.ToString();
    }

    private static void Compare(TestStore store, List<NostrEvent> events, Random random, int requests, string context)
    {
        int found = 0;
        List<(OracleEvent Event, HashSet<string> Words)> all = events.ConvertAll(e => (new OracleEvent(e), WordsOf(e)));
        for (int i = 0; i < requests; i++)
        {
            string search = string.Join(' ', Enumerable.Range(0, random.Next(1, random.Next(4) == 0 ? 10 : 4))
                .Select(_ => s_words[random.Next(s_words.Length)]));
            var filter = new OracleFilter { Kinds = random.Next(3) == 0 ? [1] : null, Limit = random.Next(3) == 0 ? 3 : null };
            var wanted = Words(search).ToHashSet();
            List<OracleEvent> matching = all
                .Where(e => wanted.Count == 0 || (e.Event.Kind != 4 && wanted.IsSubsetOf(e.Words)))
                .Select(e => e.Event).ToList();
            List<string> expected = OracleFilter.Answer([filter], matching);
            var asked = new Filter { Search = search, Kinds = filter.Kinds is null ? null : KindSet.Of(1), Limit = filter.Limit };
            SyntheticQueryTests.AssertSame(expected, store.Ids(asked), $"{context}: {asked}");
            Assert.True(expected.Count == store.Events.Count([asked]), $"count, {context}: {asked}");
            found += expected.Count;
        }

        Assert.True(found > requests, "the searches find something");
    }

    private static HashSet<string> WordsOf(NostrEvent e) =>
    [
        .. Words(e.Content),
        .. new[] { "title", "subject" }.SelectMany(name => Words(new OracleEvent(e).FirstValue(name) ?? "")),
    ];

    private static IEnumerable<string> Words(string text)
    {
        string spaced = string.Concat(text.EnumerateRunes().Select(r => Rune.IsLetterOrDigit(r) ? Rune.ToLowerInvariant(r).ToString() : " "));
        return spaced.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(w => w.Length > 64 ? w[..64] : w);
    }
}
