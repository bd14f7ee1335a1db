using Mortise.Engine;

namespace Mortise.Nostr.Tests.Query;

/// <summary>The whole store against brute force, over real events in an order they might arrive in.</summary>
public sealed class RealQueryTests
{
    /// <summary>What MORTISE_SOAK is multiplied with: at 20, each stack answers 50,000 requests.</summary>
    internal const int RequestsPerSoak = 2500;

    [RealEventsTheory]
    [InlineData("full", 600)]
    [InlineData("monthly", 400)]
    [InlineData("tag orders", 200)]
    [InlineData("time", 100)]
    public async Task Answers_are_those_of_brute_force_in_their_order(string stackName, int requests)
    {
        int seed = TestSeed.Or(15519);
        var random = new Random(seed);
        await using TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack(stackName));
        NostrEvent[] events = [.. RealEvents.All];
        random.Shuffle(events);
        if (stackName is "tag orders")
        {
            // A stack without families for the rules asks much more of each write.
            events = events[..2500];
        }
        else if (stackName is "time")
        {
            events = events[..600];
        }

        var oracle = new OracleStore(store.Now);
        List<PutResult> results = await store.PutAsync(events, batch: 250);
        for (int i = 0; i < events.Length; i++)
        {
            PutOutcome expected = oracle.Put(new OracleEvent(events[i]));
            Assert.True(expected == results[i].Outcome, $"seed {seed}: {events[i].Id} {expected} {results[i]}");
        }

        int each = TestSeed.Soaked(requests, RequestsPerSoak) / 3;
        Compare(store, oracle, random, each, $"seed {seed}, {stackName}");
        foreach (OracleEvent gone in oracle.Events.Where(_ => random.Next(20) == 0).ToList())
        {
            Assert.True(await store.Events.DeleteAsync(Convert.FromHexString(gone.Id)));
            oracle.Remove(gone);
        }

        await store.Events.Engine.CompactAsync(new CompactionOptions { IncludesAll = true });
        Compare(store, oracle, random, each, $"seed {seed}, {stackName}, compacted");
        await store.KillAsync();
        if (stackName is "monthly")
        {
            await store.Events.Engine.PackAsync();
            Assert.All(
                store.Events.GetStatistics().Families.Where(static f => f.Projection == EventProjections.Time),
                static f => Assert.Contains(f.Partitions, static p => p.Name.Contains("..", StringComparison.Ordinal)));
        }

        Compare(store, oracle, random, each, $"seed {seed}, {stackName}, after a kill");
    }

    private static void Compare(TestStore store, OracleStore oracle, Random random, int requests, string context)
    {
        OracleEvent[] stored = [.. OracleFilter.Sorted(oracle.Events)];
        SyntheticQueryTests.AssertSame([.. stored.Select(e => e.Id)], store.Ids(Filter.Everything), context);
        var source = new FilterSource(random, stored);
        for (int i = 0; i < requests; i++)
        {
            OracleFilter[] request = source.NextRequest();
            Filter[] filters = Array.ConvertAll(request, f => f.ToFilter());
            string text = $"{context}: [{string.Join(", ", request.Select(f => f.ToJson()))}]";
            List<string> expected = OracleFilter.Answer(request, stored);
            SyntheticQueryTests.AssertSame(expected, store.Ids(filters), text);
            Assert.True(expected.Count == store.Events.Count(filters), $"count, {text}");
        }
    }
}
