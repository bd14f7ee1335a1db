namespace Mortise.Nostr.Tests.Query;

/// <summary>A query reads what its consumer asks for and little more, from one state of the store, until it is told to
/// stop.</summary>
public sealed class StreamingTests
{
    private const int Count = 5000;

    [Theory]
    [InlineData("full")]
    [InlineData("monthly")]
    public async Task What_is_not_asked_for_is_not_read(string stackName)
    {
        await using TestStore store = await FilledAsync(stackName);
        using EventQuery query = store.Events.OpenQuery([Filter.Everything]);
        Assert.Equal(0, query.Explain(0).Entries);
        var sink = new Taking();
        for (int i = 0; i < 10; i++)
        {
            Assert.True(query.PushNext(ref sink));
        }

        // A portion of one range, and the records of one call; docs/querying.md states both.
        QueryExplanation sofar = query.Explain(10);
        Assert.InRange(sofar.Entries, 10, 256);
        Assert.InRange(sofar.Records, 0, 64);
    }

    [Fact]
    public async Task Whoever_waits_between_two_events_blocks_no_writer_and_sees_none_of_its_changes()
    {
        await using TestStore store = await FilledAsync("full");
        List<string> before = store.Ids(Filter.Everything);
        using IEnumerator<NostrEvent> events = store.Events.Query([Filter.Everything]).GetEnumerator();
        var seen = new List<string>();
        while (events.MoveNext())
        {
            seen.Add(events.Current.Id);
            if (seen.Count % 1000 == 1)
            {
                await store.PutAsync([NostrEvent.CreateUnsigned(new byte[32], seen.Count, 1, "later")]);
                Assert.True(await store.Events.DeleteAsync(Convert.FromHexString(before[seen.Count + 300])));
                await store.Events.CheckpointAsync();
            }
        }

        Assert.Equal(before, seen);
        Assert.Equal(Count, store.Events.Count([Filter.Everything]));
    }

    [Fact]
    public async Task A_cancelled_query_stops_at_the_next_event_and_holds_nothing()
    {
        await using TestStore store = await FilledAsync("full");
        using var cancellation = new CancellationTokenSource();
        int seen = 0;
        Assert.Throws<OperationCanceledException>(() =>
        {
            foreach (NostrEvent _ in store.Events.Query([Filter.Everything], cancellation: cancellation.Token))
            {
                if (++seen == 700)
                {
                    cancellation.Cancel();
                }
            }
        });
        Assert.InRange(seen, 700, 701);
        Assert.Throws<OperationCanceledException>(
            () => store.Events.Count([Filter.Everything], cancellation.Token));
        Assert.Equal(Count, store.Events.Count([Filter.Everything], CancellationToken.None));
    }

    [Fact]
    public async Task A_page_at_a_time_is_the_whole_also_among_events_of_one_second()
    {
        await using TestStore store = await FilledAsync("full");
        List<string> whole = store.Ids(Filter.Everything);
        var pages = new List<string>();
        EventPosition? after = null;
        List<NostrEvent> page;
        do
        {
            page = [.. store.Events.Query([Filter.Everything.WithLimit(77)], after)];
            pages.AddRange(page.Select(static e => e.Id));
            after = page.Count == 0 ? null : new EventPosition(page[^1].View.CreatedAt, page[^1].View.Id);
        }
        while (page.Count == 77);

        Assert.Equal(whole, pages);
    }

    private static async Task<TestStore> FilledAsync(string stackName)
    {
        TestStore store = await TestStore.OpenAsync(SyntheticQueryTests.Stack(stackName), TestStore.KeepEverything);
        byte[] author = new byte[32];

        // 40 a second: more than a page ends within one.
        await store.PutAsync([.. Enumerable.Range(0, Count).Select(
            i => NostrEvent.CreateUnsigned(author, store.Now - 1000 + (i / 40), 1, $"{i}"))]);
        return store;
    }

    private struct Taking : IEventSink
    {
        public readonly bool Accept(in EventView @event) => true;
    }
}
