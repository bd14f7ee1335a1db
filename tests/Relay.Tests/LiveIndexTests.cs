using Mortise.Nostr;

namespace Mortise.Relay.Tests;

/// <summary>Where live subscriptions are found.</summary>
public sealed class LiveIndexTests
{
    /// <summary>All subscriptions may be closed, by another thread, just before one of them gets here.</summary>
    [Fact]
    public async Task A_subscription_that_is_closed_is_not_filed()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"a\",{\"kinds\":[1]},{\"#t\":[\"x\",\"y\"]}]");
        await client.ReceiveAsync("EOSE");
        LiveIndex index = relay.Relay.Live;
        Subscription subscription = Assert.Single(Find(index));
        subscription.Connection.End(subscription, "error: overrun");
        Assert.Equal(0, index.Count);
        index.Add(subscription);
        index.Remove(subscription);
        index.Remove(subscription);
        Assert.Equal(0, index.Count);
        Assert.Empty(Find(index));

        await client.SendAsync("[\"REQ\",\"a\",{\"kinds\":[1]}]");
        await client.ReceiveAsync("EOSE");
        Assert.Equal(1, index.Count);
    }

    [Fact]
    public async Task An_event_finds_a_subscription_once_however_often_it_names_what_that_asks_for()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        await using TestClient client = await relay.ConnectAsync();
        await client.SendAsync("[\"REQ\",\"a\",{\"#t\":[\"x\",\"y\"]},{\"#t\":[\"z\"]}]");
        await client.ReceiveAsync("EOSE");
        Assert.Single(Find(relay.Relay.Live));
        Assert.Single(Find(relay.Relay.Live));
    }

    private static List<Subscription> Find(LiveIndex index)
    {
        NostrEvent note = Authors.Note(Authors.Alice, "", tags: [["t", "x"], ["t", "y"], ["t", "x"], ["t", "z"], ["t", "x"]]);
        List<Subscription> found = [];
        index.Dispatch(note.View, found);
        return found;
    }
}
