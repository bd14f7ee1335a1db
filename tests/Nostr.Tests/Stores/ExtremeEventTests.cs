using Mortise.TestSupport;

namespace Mortise.Nostr.Tests;

/// <summary>No event can fail a store: whatever it looks like, it is taken or refused, the next one is too, and the store
/// opens again with the same answers. Events are a stranger's, and what failed once would fail at each opening.
/// <c>MORTISE_SOAK=100 dotnet test tests/Nostr.Tests -c Release --filter Extreme</c> takes some thousands.</summary>
public sealed class ExtremeEventTests
{
    private const int Rounds = 3;
    private const int Events = 40;

    [Theory]
    [InlineData("full")]
    [InlineData("words")]
    [InlineData("words only")]
    [InlineData("monthly")]
    [InlineData("tag orders")]
    [InlineData("memory")]
    public async Task Whatever_an_event_looks_like_it_is_stored_and_found_and_the_store_goes_on(string stack)
    {
        int rounds = TestSeed.Soaked(Rounds);
        for (int round = 0; round < rounds; round++)
        {
            int seed = TestSeed.Or(9_119) + round;
            var random = new Random(seed);
            await using TestStore store = await TestStore.OpenAsync(Stack(stack), TestStore.KeepEverything, seed);
            List<NostrEvent> events = new ExtremeEvents(random).Make(Events, store.Now);
            List<PutResult> results = await store.PutAsync(events, batch: random.Next(1, Events));
            List<OracleEvent> stored = [];
            foreach ((NostrEvent one, PutResult result) in events.Zip(results))
            {
                var oracle = new OracleEvent(one);
                PutOutcome expected = oracle.IsExpired(store.Now) ? PutOutcome.Expired
                    : stored.Exists(e => e.Id == one.Id) ? PutOutcome.Duplicate
                    : PutOutcome.Stored;
                Assert.True(expected == result.Outcome, $"{stack}, seed {seed}: {result.Outcome} ({result.Reason})");
                if (expected == PutOutcome.Stored)
                {
                    stored.Add(oracle);
                }
            }

            string context = $"{stack}, seed {seed}";
            Compare(store, stored, random, context);
            await store.KillAsync();
            Compare(store, stored, random, $"{context}, replayed");
            await store.Events.CheckpointAsync();
            await store.ReopenAsync();
            Compare(store, stored, random, $"{context}, opened again");
        }
    }

    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    [InlineData("tag orders")]
    public async Task Whatever_an_event_asks_for_the_store_goes_on(string stack)
    {
        int rounds = TestSeed.Soaked(Rounds);
        for (int round = 0; round < rounds; round++)
        {
            int seed = TestSeed.Or(5_003) + round;
            var random = new Random(seed);
            await using TestStore store = await TestStore.OpenAsync(Stack(stack), seed: seed);
            List<NostrEvent> events = new ExtremeEvents(random).Make(2 * Events, store.Now);
            await store.PutAsync(events, batch: random.Next(1, Events));
            List<string> found = store.Ids(Filter.Everything);
            string context = $"{stack}, seed {seed}";
            Assert.True(found.Count > 0, context);

            // The same events once more change nothing: none comes back, none goes.
            foreach (PutResult again in await store.PutAsync(events.FindAll(e => found.Contains(e.Id))))
            {
                Assert.True(again.Outcome == PutOutcome.Duplicate, $"{context}: {again.Outcome}");
            }

            Assert.True(found.SequenceEqual(store.Ids(Filter.Everything)), context);
            await store.KillAsync();
            Assert.True(found.SequenceEqual(store.Ids(Filter.Everything)), $"{context}, replayed");
            await store.Events.CheckpointAsync();
            await store.ReopenAsync();
            Assert.True(found.SequenceEqual(store.Ids(Filter.Everything)), $"{context}, opened again");
        }
    }

    private static void Compare(TestStore store, List<OracleEvent> stored, Random random, string context)
    {
        List<OracleEvent> visible = stored.FindAll(e => !e.IsExpired(store.Now));
        var source = new FilterSource(random, visible);
        for (int i = 0; i < 25; i++)
        {
            OracleFilter[] request = i % 5 == 0 ? [Wide(visible, random)] : source.NextRequest();
            List<string> expected = OracleFilter.Answer(request, visible);
            List<string> actual = store.Ids(Array.ConvertAll(request, static f => f.ToFilter()));
            Assert.True(
                expected.SequenceEqual(actual),
                $"{context}: {expected.Count} expected, {actual.Count} found: {string.Join(", ", request.Select(f => f.ToJson()))}");
        }
    }

    /// <summary>A filter that names as much as a stranger may: thousands of values, most of them nobody's.</summary>
    private static OracleFilter Wide(List<OracleEvent> events, Random random)
    {
        var filter = new OracleFilter();
        int more = random.Next(3) * 2_000;
        switch (random.Next(4))
        {
            case 0:
                filter.Ids = [.. events.Select(static e => e.Id), .. Nobody(more, random)];
                break;
            case 1:
                filter.Authors = [.. events.Select(static e => e.Author), .. Nobody(more, random)];
                break;
            case 2:
                filter.Kinds = [.. events.Select(static e => e.Kind), .. Enumerable.Range(0, more)];
                break;
            default:
                IEnumerable<string[]> tags = events.SelectMany(static e => e.Tags).Where(static t => t.Length > 1);
                filter.Tags["t"] = [.. tags.Select(static t => t[1]).Distinct().Take(3_000), .. Nobody(more, random)];
                break;
        }

        filter.Since = random.Next(3) switch { 0 => 0, 1 => 2, _ => null };
        filter.Until = random.Next(3) switch { 0 => long.MaxValue, 1 => long.MaxValue - 1, _ => null };
        filter.Limit = random.Next(3) switch { 0 => int.MaxValue, 1 => 3, _ => null };
        return filter;
    }

    private static IEnumerable<string> Nobody(int count, Random random) =>
        Enumerable.Range(0, count).Select(_ => Convert.ToHexStringLower(random.GetItems<byte>([1, 2, 255], 32)));

    private static TestStack Stack(string name) => name switch
    {
        "full" => TestStack.Full,
        "words" => TestStack.WithWords,
        "words only" => TestStack.WordsOnly,
        "monthly" => TestStack.Monthly,
        "tag orders" => TestStack.TagOrders,
        _ => TestStack.InMemory,
    };
}
