using Mortise.Nostr.Tests.Policy;

namespace Mortise.Nostr.Tests.Query;

public sealed class SubscriptionTests
{
    [Fact]
    public async Task Every_event_is_handed_out_once_whenever_the_subscription_begins()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        const int Count = 400;
        List<NostrEvent> events = Enumerable.Range(0, Count)
            .Select(i => NostrEvent.CreateUnsigned(actors.Alice, i, 1, "")).ToList();
        var subscriptions = new List<EventSubscription>();
        Task writing = Task.Run(async () =>
        {
            foreach (NostrEvent @event in events)
            {
                await store.Events.PutAsync(@event);
            }
        });
        while (!writing.IsCompleted)
        {
            if (subscriptions.Count < 200)
            {
                subscriptions.Add(store.Events.Subscribe([Filter.Everything]));
            }

            await Task.Yield();
        }

        await writing;
        subscriptions.Add(store.Events.Subscribe([Filter.Everything]));
        foreach (EventSubscription subscription in subscriptions)
        {
            await subscription.DisposeAsync();
        }

        // Disposed before it was read: a subscription whose stored events were not yet read has given its view back.
        foreach (EventSubscription subscription in subscriptions)
        {
            List<SubscriptionItem> items = await ReadAsync(subscription);
            List<string> live = items.Where(i => i.Kind == SubscriptionItemKind.Live).Select(i => i.Event!.Id).ToList();
            Assert.Equal(events.Skip(Count - live.Count).Select(e => e.Id), live);
        }
    }

    [Fact]
    public async Task Stored_events_come_first_and_live_ones_follow_without_gap_or_duplicate()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        const int Count = 300;
        List<NostrEvent> events = Enumerable.Range(0, Count)
            .Select(i => NostrEvent.CreateUnsigned(actors.Alice, i, 1, "")).ToList();
        Task writing = Task.Run(async () =>
        {
            foreach (NostrEvent @event in events)
            {
                await store.Events.PutAsync(@event);
            }
        });
        var readers = new List<Task<List<string>>>();
        while (!writing.IsCompleted && readers.Count < 50)
        {
            EventSubscription subscription = store.Events.Subscribe([Filter.Everything]);
            readers.Add(Task.Run(() => ReadIdsAsync(subscription, Count)));
            await Task.Yield();
        }

        await writing;
        foreach (Task<List<string>> reader in readers)
        {
            Assert.Equal(events.Select(e => e.Id).Order(), (await reader).Order());
        }
    }

    [Fact]
    public async Task A_subscription_gets_what_matches_in_order_and_ephemeral_events_too()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        NostrEvent stored = actors.Make(1, actors.Alice, 10, 1);
        NostrEvent older = actors.Make(2, actors.Alice, 5, 1);
        await store.PutAsync([older, stored]);
        EventSubscription subscription = store.Events.Subscribe([Filter.Parse("""{"kinds":[1,20001],"limit":1}""")]);
        NostrEvent ephemeral = actors.Make(3, actors.Alice, 20, 20001);
        NostrEvent live = actors.Make(4, actors.Bob, 1, 1);
        await store.PutAsync([ephemeral, actors.Make(5, actors.Bob, 1, 7), live, stored], batch: 2);
        await subscription.DisposeAsync();
        subscription = store.Events.Subscribe([Filter.Parse("""{"kinds":[1,20001],"limit":1}""")]);
        IAsyncEnumerator<SubscriptionItem> reader = subscription.ReadAllAsync().GetAsyncEnumerator();
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(new SubscriptionItem(SubscriptionItemKind.Stored, null), reader.Current with { Event = null });
        Assert.Equal(stored.Id, reader.Current.Event!.Id);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(SubscriptionItemKind.StoredEnd, reader.Current.Kind);
        NostrEvent next = actors.Make(6, actors.Bob, 2, 1);
        await store.PutAsync([ephemeral, actors.Make(7, actors.Bob, 1, 7), stored, next]);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(ephemeral.Id, reader.Current.Event!.Id);
        Assert.True(await reader.MoveNextAsync());
        Assert.Equal(next.Id, reader.Current.Event!.Id);
        await subscription.DisposeAsync();
        Assert.False(await reader.MoveNextAsync());
    }

    [Fact]
    public async Task A_slow_consumer_is_told_and_blocks_nobody()
    {
        await using TestStore store = await TestStore.OpenAsync(TestStack.Full);
        var actors = new PolicyActors(1, store.Now);
        EventSubscription subscription = store.Events.Subscribe([Filter.Everything], queue: 3);
        List<NostrEvent> events = Enumerable.Range(1, 10).Select(i => actors.Make(i, actors.Alice, i, 1)).ToList();
        await store.PutAsync(events, batch: 1);
        List<SubscriptionItem> items = await ReadAsync(subscription);
        Assert.Equal(
            [SubscriptionItemKind.StoredEnd, SubscriptionItemKind.Live, SubscriptionItemKind.Live, SubscriptionItemKind.Live, SubscriptionItemKind.Overrun],
            items.Select(i => i.Kind));
    }

    [Fact]
    public async Task Closing_the_store_ends_its_subscriptions()
    {
        TestStore store = await TestStore.OpenAsync(TestStack.Full);
        EventSubscription subscription = store.Events.Subscribe([Filter.Everything]);
        await store.DisposeAsync();
        Assert.Equal([SubscriptionItemKind.StoredEnd], (await ReadAsync(subscription)).Select(i => i.Kind));
        Assert.Throws<ObjectDisposedException>(() => store.Events.Subscribe([Filter.Everything]));
    }

    private static async Task<List<SubscriptionItem>> ReadAsync(EventSubscription subscription)
    {
        var items = new List<SubscriptionItem>();
        await foreach (SubscriptionItem item in subscription.ReadAllAsync())
        {
            items.Add(item);
        }

        return items;
    }

    private static async Task<List<string>> ReadIdsAsync(EventSubscription subscription, int count)
    {
        var ids = new List<string>();
        await foreach (SubscriptionItem item in subscription.ReadAllAsync())
        {
            if (item.Event is { } @event)
            {
                ids.Add(@event.Id);
            }

            if (ids.Count == count)
            {
                break;
            }
        }

        await subscription.DisposeAsync();
        return ids;
    }
}
