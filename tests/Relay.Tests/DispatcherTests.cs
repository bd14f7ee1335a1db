using Microsoft.Extensions.Logging.Abstractions;

namespace Mortise.Relay.Tests;

/// <summary>What carries new events to subscriptions.</summary>
public sealed class DispatcherTests
{
    [Fact]
    public async Task It_ends_when_it_is_stopped_also_when_live_events_were_lost_just_before()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        var dispatcher = new LiveDispatcher(relay.Relay, relay.Relay.Live, NullLogger.Instance, capacity: 1);
        for (int i = 0; i < 3; i++)
        {
            await relay.Store.PutAsync(Authors.Note(Authors.Alice, $"{i}"));
        }

        await dispatcher.StopAsync();
        await dispatcher.RunAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task It_goes_on_after_live_events_were_lost()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        var dispatcher = new LiveDispatcher(relay.Relay, relay.Relay.Live, NullLogger.Instance, capacity: 1);
        await relay.Store.PutAsync(Authors.Note(Authors.Alice, "one"));
        await relay.Store.PutAsync(Authors.Note(Authors.Alice, "two"));
        Task running = dispatcher.RunAsync();
        Assert.False(running.IsCompleted);
        await dispatcher.StopAsync();
        await running.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task It_ends_when_the_store_closes_also_when_live_events_were_lost_just_before()
    {
        await using TestRelay relay = await TestRelay.StartAsync();
        var dispatcher = new LiveDispatcher(relay.Relay, relay.Relay.Live, NullLogger.Instance, capacity: 1);
        await relay.Store.PutAsync(Authors.Note(Authors.Alice, "one"));
        await relay.Store.PutAsync(Authors.Note(Authors.Alice, "two"));
        await relay.Store.DisposeAsync();
        await dispatcher.RunAsync().WaitAsync(TimeSpan.FromSeconds(60));
    }
}
