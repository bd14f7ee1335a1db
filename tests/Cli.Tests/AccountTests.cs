using Mortise.Host.Composition;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H18, H37: what each instance of a plugin holds and takes can be seen, and what it leaves behind is named.
/// </summary>
public sealed class AccountTests : IDisposable
{
    private const string Family = "kind-time";
    private const string Instance = $"indexes/{Family}/all";

    private readonly TemporaryFolder _folder = new();
    private readonly WilfulFolder _plugins;

    public AccountTests() => _plugins = new WilfulFolder(_folder.File("plugins"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Every_open_instance_has_an_account_and_a_closed_one_none()
    {
        await StoreFixture.FillAsync(_folder, 200);
        (MortiseHost host, EventStore store) = await OpenAsync();
        await using (store)
        {
            Assert.All(host.Instances, static u => Assert.Equal(InstanceState.Open, u.State));
            InstanceUse log = host.Instances.Single(static u => u.Instance == "wal");
            Assert.Equal("mortise.wal", log.Plugin.Id);
            Assert.True(log.Files > 0);
            InstanceUse index = host.Instances.Single(static u => u.Instance == "indexes/id/all");
            Assert.True(index.MemoryBytes > 0);
            Assert.True(index.Files > 0);
            InstanceUse wilful = host.Instances.Single(static u => u.Instance == Instance);
            Assert.Equal(("mortise.wilful", 0, 0, 0), (wilful.Plugin.Id, wilful.Files, wilful.Timers, wilful.Faults));
            Assert.Contains(host.Instances, static u => u.Works > 0);

            // One append and one application by each part for a commit; the rest is the engine's to say.
            await store.PutAsync(await EventAsync());
            Assert.All(
                host.Instances.Where(static u => u.Instance is "wal" or "records" or Instance),
                static u => Assert.True(u.Calls > 0 && u.CallTime > TimeSpan.Zero, u.Instance));
        }

        // The bundled plugins leave nothing.
        Assert.Empty(host.Instances);
    }

    [Fact]
    public async Task What_is_left_at_a_close_is_named_with_who_made_it()
    {
        (MortiseHost host, EventStore store) = await OpenAsync("leaks");
        await using (store)
        {
            // A partition is opened when the first record comes.
            await store.PutAsync(await EventAsync());
            InstanceUse held = host.Instances.Single(static u => u.Instance == Instance);
            Assert.Equal((1, 1, 1), (held.Files, held.Timers, held.Works));
            Assert.Empty(held.Leaks);
        }

        InstanceUse left = Assert.Single(host.Instances);
        Assert.Equal((Instance, InstanceState.Closed), (left.Instance, left.State));
        Assert.Equal(
            [
                $"the file {Instance}/left-open is open",
                "a timer is set, made in WilfulIndex.OpenAsync",
                "background work is registered: left running",
            ],
            left.Leaks);
    }

    [Fact]
    public async Task One_that_does_not_open_is_a_fault_of_its_plugin()
    {
        (MortiseHost host, EventStore store) = await OpenAsync("open");
        await using EventStore _ = store;
        NostrEvent one = await EventAsync();
        StorageException fault = await Assert.ThrowsAsync<StorageException>(async () => await store.PutAsync(one));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        InstanceUse failed = Assert.Single(host.Instances, static u => u.State == InstanceState.Failed);
        Assert.Equal(("mortise.wilful", 1), (failed.Plugin.Id, failed.Faults));
    }

    [Fact]
    public async Task The_tool_shows_every_instance_and_its_state()
    {
        await StoreFixture.FillAsync(_folder, 20);
        ToolRun text = (await ToolRun.OfAsync("stats", "--instances", "--data", _folder.Data)).Succeeded();
        Assert.Contains(text.Lines, static l => l.StartsWith("instance wal ", StringComparison.Ordinal)
            && l.Contains(" open ", StringComparison.Ordinal) && l.Contains("mortise.wal ", StringComparison.Ordinal));
        System.Text.Json.JsonElement json = await StoreFixture.JsonAsync(ExitCode.Ok, "stats", "--data", _folder.Data);
        Assert.All(
            json.GetProperty("instances").EnumerateArray(),
            static i => Assert.Equal("open", i.GetProperty("state").GetString()));
    }

    private static async Task<NostrEvent> EventAsync() =>
        StoreFixture.Parse((await ToolRun.OfAsync("generate", "1")).Succeeded().Lines[0]);

    private async Task<(MortiseHost Host, EventStore Store)> OpenAsync(string behaviour = "")
    {
        _plugins.Install("1.0.0", behaviour);
        MortiseHost host = _plugins.CreateHost();
        ComposedStore composed = host.Compose(host.Resolve(WilfulFolder.Stack(Family)), _folder.Data);
        return (host, await EventStore.OpenAsync(composed.Composition, StoreSession.Events(composed)));
    }
}
