namespace Mortise.Nostr.Tests.Query;

/// <summary>The query engine against brute force, over events made to be hard.</summary>
public sealed class SyntheticQueryTests
{
    [Theory]
    [InlineData("full")]
    [InlineData("memory")]
    [InlineData("monthly")]
    [InlineData("tag orders")]
    [InlineData("time")]
    [InlineData("id")]
    public async Task Answers_are_those_of_brute_force_in_their_order(string stackName)
    {
        int seed = TestSeed.Or(606);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(Stack(stackName), TestStore.KeepEverything);
        List<NostrEvent> events = new SyntheticEvents(random).Make(900, store.Now - 15, 30);
        List<PutResult> results = await store.PutAsync(events, batch: 100);
        Assert.All(results, (r, i) => Assert.Equal(
            new OracleEvent(events[i]).IsExpired(store.Now) ? PutOutcome.Expired : PutOutcome.Stored, r.Outcome));
        List<OracleEvent> stored = events.Where((_, i) => results[i].Outcome == PutOutcome.Stored)
            .Select(e => new OracleEvent(e)).ToList();

        int requests = TestSeed.Soaked(stackName == "id" ? 60 : 300, RealQueryTests.RequestsPerSoak);
        await CompareAsync(store, stored, random, requests / 2, $"seed {seed}, {stackName}");

        // Some are removed, the store is closed, some expire.
        foreach (OracleEvent gone in stored.Where(_ => random.Next(10) == 0).ToList())
        {
            Assert.True(await store.Events.DeleteAsync(Convert.FromHexString(gone.Id)));
            stored.Remove(gone);
        }

        await store.Events.CheckpointAsync();
        await store.ReopenAsync();
        store.Clock.Advance(TimeSpan.FromSeconds(30));
        await CompareAsync(store, stored, random, requests / 2, $"seed {seed}, {stackName}, reopened");
    }

    private static Task CompareAsync(TestStore store, List<OracleEvent> stored, Random random, int requests, string context)
    {
        List<OracleEvent> visible = stored.Where(e => !e.IsExpired(store.Now)).ToList();
        var source = new FilterSource(random, visible);
        int found = 0;
        for (int i = 0; i < requests; i++)
        {
            OracleFilter[] request = source.NextRequest();
            Filter[] filters = Array.ConvertAll(request, f => f.ToFilter());
            string text = $"{context}: [{string.Join(", ", request.Select(f => f.ToJson()))}]";
            OracleEvent? after = random.Next(3) == 0 ? source.Any() : null;
            List<string> expected = OracleFilter.Answer(request, visible, after);
            EventPosition? position = after is null
                ? null
                : new EventPosition(after.CreatedAt, Convert.FromHexString(after.Id));
            List<string> actual = store.Events.Query(filters, position).Select(e => e.Id).ToList();
            AssertSame(expected, actual, text);
            found += actual.Count;
            if (after is null)
            {
                Assert.True(expected.Count == store.Events.Count(filters), $"count, {text}");
                QueryExplanation explanation = store.Events.Explain(filters);
                Assert.True(expected.Count == explanation.Results, $"explain, {text}");
            }
        }

        Assert.True(found > requests, "the filters find something");
        return Task.CompletedTask;
    }

    internal static void AssertSame(List<string> expected, List<string> actual, string context)
    {
        if (!expected.SequenceEqual(actual))
        {
            int at = expected.Zip(actual).TakeWhile(p => p.First == p.Second).Count();
            Assert.Fail($"{context}\nexpected {expected.Count} and got {actual.Count} results; the first {at} agree");
        }
    }

    internal static TestStack Stack(string name) => name switch
    {
        "full" => TestStack.Full,
        "memory" => TestStack.InMemory,
        "monthly" => TestStack.Monthly,
        "tag orders" => TestStack.TagOrders,
        "time" => TestStack.TimeOnly,
        _ => TestStack.IdOnly,
    };
}
