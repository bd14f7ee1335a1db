using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>Clients of a store that is being changed under them: none of their requests may fail or miss anything.</summary>
internal static class StoreLoad
{
    /// <summary>Readers and a writer that go on until they are told to stop, at least once each.</summary>
    /// <returns>For each, how often it went round; a request that failed is thrown.</returns>
    public static IEnumerable<Task<int>> Start(EventStore store, CancellationToken stop, int readers = 3)
    {
        IReadOnlyList<string> expected = [.. IdsAsync(store).ToBlockingEnumerable(CancellationToken.None)];
        for (int i = 0; i < readers; i++)
        {
            yield return Task.Run(() => ReadAsync(store, expected, stop), CancellationToken.None);
        }

        yield return Task.Run(() => WriteAsync(store, stop), CancellationToken.None);
    }

    /// <summary>Counts by every kind and by every author agree with the count of all, which were found otherwise.</summary>
    public static async Task AgreesAsync(EventStore store)
    {
        var kinds = new Dictionary<int, long>();
        var authors = new Dictionary<string, long>();
        await foreach (NostrEvent @event in store.QueryAsync(Filters("{}")))
        {
            kinds[@event.Kind] = kinds.GetValueOrDefault(@event.Kind) + 1;
            authors[@event.PubKey] = authors.GetValueOrDefault(@event.PubKey) + 1;
        }

        Assert.NotEmpty(kinds);
        Assert.All(kinds, k => Assert.Equal(k.Value, store.Count(Filters($$"""{"kinds":[{{k.Key}}]}"""))));
        Assert.All(authors, a => Assert.Equal(a.Value, store.Count(Filters($$"""{"authors":["{{a.Key}}"]}"""))));
    }

    /// <summary>Every answer has at least what was there before, once each.</summary>
    private static async Task<int> ReadAsync(EventStore store, IReadOnlyList<string> expected, CancellationToken stop)
    {
        int rounds = 0;
        while (!stop.IsCancellationRequested || rounds == 0)
        {
            var found = new HashSet<string>(StringComparer.Ordinal);
            await foreach (string id in IdsAsync(store))
            {
                Assert.True(found.Add(id), "twice in one answer");
            }

            Assert.Empty(expected.Except(found));
            rounds++;
        }

        return rounds;
    }

    private static async Task<int> WriteAsync(EventStore store, CancellationToken stop)
    {
        int rounds = 0;
        while (!stop.IsCancellationRequested || rounds == 0)
        {
            // Other events each time; regular ones, which nothing takes the place of.
            foreach (string line in (await ToolRun.OfAsync("generate", "20", "--seed", $"{5000 + rounds}")).Lines)
            {
                NostrEvent written = StoreFixture.Parse(line);
                PutResult result = await store.PutAsync(written, CancellationToken.None);
                Assert.True(result.Outcome != PutOutcome.Rejected, $"{result}");
            }

            rounds++;
        }

        return rounds;
    }

    private static async IAsyncEnumerable<string> IdsAsync(EventStore store)
    {
        await foreach (NostrEvent @event in store.QueryAsync(Filters("""{"kinds":[1]}""")))
        {
            yield return @event.Id;
        }
    }

    private static IReadOnlyList<Filter> Filters(string json) => [Filter.Parse(json)];
}
