using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H19, H35: a family whose plugin fails stops the store, is built anew, or is done without, as the stack says.
/// </summary>
public sealed class FaultPolicyTests : IDisposable
{
    private const string Family = "kind-time";

    private readonly TemporaryFolder _folder = new();
    private readonly WilfulFolder _plugins;
    private readonly CollectingLog _log = new();

    public FaultPolicyTests() => _plugins = new WilfulFolder(_folder.File("plugins"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Stop_refuses_writes_and_goes_on_reading()
    {
        (EventStore store, Listener _) = await OpenAsync("stop", "apply");
        await using EventStore __ = store;
        StorageException fault = await Assert.ThrowsAsync<StorageException>(async () => await PutAsync(store, 1));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains("mortise.wilful", fault.Message, StringComparison.Ordinal);
        Assert.NotNull(store.Engine.FaultCause);
        Assert.Equal(0, store.Count([Filter.Parse("{}")]));
    }

    [Fact]
    public async Task Ignore_goes_on_without_the_family_until_the_store_is_opened_again()
    {
        (EventStore store, Listener told) = await OpenAsync("ignore", "apply");
        await using (store)
        {
            await PutAsync(store, 30);
            Assert.Null(store.Engine.FaultCause);
            (string family, Exception cause) = Assert.Single(told.Aside);
            Assert.Equal(Family, family);
            Assert.Contains("failed in WilfulPlugin.Fail: FormatException", cause.Message, StringComparison.Ordinal);
            (string instance, ComponentHealth health) = Assert.Single(store.Engine.GetStatistics().Unhealthy);
            Assert.Equal(($"indexes/{Family}", HealthStatus.Failed), (instance, health.Status));
            Assert.DoesNotContain(store.Engine.GetStatistics().Families, static f => f.Name == Family);

            // Everything is there and found otherwise.
            await StoreLoad.AgreesAsync(store);
            await store.Engine.CheckpointAsync();
        }

        _plugins.Install("1.1.0");
        (EventStore again, told) = await OpenAsync("ignore");
        await using EventStore _ = again;
        Assert.Contains(again.Engine.GetStatistics().Families, static f => f.Name == Family);
        await PutAsync(again, 50);
        Assert.Empty(told.Aside);
        await StoreLoad.AgreesAsync(again);
    }

    [Fact]
    public async Task Restart_builds_the_family_anew_while_the_store_serves_and_gives_up_in_the_end()
    {
        (EventStore store, Listener told) = await OpenAsync("restart", "apply");
        await using EventStore _ = store;
        int seed = 0;
        for (int restart = 1; restart <= FamilyRestarts; restart++)
        {
            // One commit: a second might find the family in force again, and fail it again.
            await PutAsync(store, 1, ++seed);
            Assert.Equal(restart, told.Aside.Count);
            await UntilAsync(() => Serves(store));
            await StoreLoad.AgreesAsync(store);
        }

        // The next failure is the last one: a plugin that always fails is not built for ever.
        await PutAsync(store, 1, ++seed);
        Assert.Equal(FamilyRestarts + 1, told.Aside.Count);
        await PutAsync(store, 1, ++seed);
        Assert.Equal(FamilyRestarts + 1, told.Aside.Count);
        Assert.Null(store.Engine.FaultCause);
        await StoreLoad.AgreesAsync(store);
    }

    [Fact]
    public async Task A_family_that_fails_once_serves_again_after_it_was_built_anew()
    {
        (EventStore store, Listener told) = await OpenAsync("restart", "apply-once");
        await using EventStore _ = store;
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. StoreLoad.Start(store, stop.Token, readers: 2)];

        // It is known as set aside before anybody is told, and until it is in force again.
        await UntilAsync(() => (told.Aside.Count > 0 && !store.Engine.GetStatistics().Unhealthy.Any() && Serves(store))
            || clients.Any(static c => c.IsFaulted));

        await PutAsync(store, 50);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), static rounds => Assert.True(rounds > 0));
        Assert.Single(told.Aside);
        Assert.Empty(store.Engine.GetStatistics().Unhealthy);
        await StoreLoad.AgreesAsync(store);
    }

    [Fact]
    public async Task A_close_that_never_comes_back_is_a_fault_and_the_other_parts_are_closed()
    {
        (EventStore store, Listener _) = await OpenAsync("stop", "never-closes");
        await PutAsync(store, 5);
        StorageException fault = await Assert.ThrowsAsync<StorageException>(async () => await store.DisposeAsync());
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains("did not close within 3 seconds", fault.Message, StringComparison.Ordinal);

        // The lock is free, and nothing was lost.
        _plugins.Install("1.1.0");
        (EventStore again, _) = await OpenAsync("stop");
        await using EventStore __ = again;
        Assert.Equal(5, again.Count([Filter.Parse("{}")]));
    }

    private const int FamilyRestarts = 3;

    private async Task<(EventStore Store, Listener Told)> OpenAsync(string policy, string? behaviour = null)
    {
        if (behaviour is not null)
        {
            _plugins.Install("1.0.0", behaviour);
        }

        MortiseHost host = _plugins.CreateHost(static o => o.CloseTimeout = TimeSpan.FromSeconds(3));
        ComposedStore composed = host.Compose(
            host.Resolve(WilfulFolder.Stack(Family, $"indexes.{Family}.onFault={policy}")), _folder.Data);
        var listener = new Listener();
        EventStore store = await EventStore.OpenAsync(
            composed.Composition with { Listeners = [listener], Logs = _ => _log }, StoreSession.Events(composed));
        return (store, listener);
    }

    private static bool Serves(EventStore store) =>
        store.Engine.GetStatistics().Families.Any(static f => f.Name == Family);

    private async Task UntilAsync(Func<bool> condition)
    {
        for (int i = 0; !condition(); i++)
        {
            Assert.True(i < 12_000, $"still not after two minutes; the log: {string.Join('\n', _log.Messages)}");
            await Task.Delay(10);
        }
    }

    private static async Task PutAsync(EventStore store, int count, int seed = 1)
    {
        // Notes only: nothing takes the place of anything.
        string[] lines = (await ToolRun.OfAsync("generate", $"{count * 4}", "--seed", $"{seed}")).Succeeded().Lines;
        foreach (NostrEvent @event in lines.Select(StoreFixture.Parse).Where(static e => e.Kind == 1).Take(count))
        {
            Assert.NotEqual(PutOutcome.Rejected, (await store.PutAsync(@event)).Outcome);
        }
    }

    private sealed class Listener : IStoreListener
    {
        private readonly Lock _gate = new();
        private readonly List<(string, Exception)> _aside = [];

        public IReadOnlyList<(string Family, Exception Cause)> Aside
        {
            get
            {
                lock (_gate)
                {
                    return [.. _aside];
                }
            }
        }

        public void OnFamilySetAside(string family, Exception cause)
        {
            lock (_gate)
            {
                _aside.Add((family, cause));
            }
        }
    }
}
