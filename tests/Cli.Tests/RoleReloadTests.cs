using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H14, H35: other code under caches and partitions of a store that serves, and what cannot be exchanged.</summary>
public sealed class RoleReloadTests : IDisposable
{
    private const string Cache = "mortise.wilful.cache";
    private const string Scheme = "mortise.wilful.scheme";

    private readonly TemporaryFolder _folder = new();
    private readonly WilfulFolder _plugins;

    public RoleReloadTests() => _plugins = new WilfulFolder(_folder.File("plugins"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task The_cache_policy_is_exchanged_under_load_and_the_old_code_is_gone()
    {
        await StoreFixture.FillAsync(_folder, 400);
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync(
            $"cache.plugin={Cache}", "cache.version=>=1.0 <9", "cache.reload=swap", "cache.budget=256KiB");
        await using EventStore _ = store;
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. StoreLoad.Start(store, stop.Token)];
        var reload = new PluginReload(host, composed, store.Engine);
        Assert.True(reload.IsWanted);
        for (int minor = 1; minor <= 3; minor++)
        {
            _plugins.Install($"1.{minor}.0");
            PluginSwap swap = Assert.Single((await reload.RunAsync()).Swapped);
            Assert.Equal(
                ("cache", $"1.{minor - 1}.0", $"1.{minor}.0", 0L),
                (swap.Instance, $"{swap.From.Version}", $"{swap.To.Version}", swap.Records));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), static rounds => Assert.True(rounds > 0));
        await StoreLoad.AgreesAsync(store);
        Assert.All(composed.Cache!.Shares, static share => Assert.True(share.TargetBytes >= 0));

        // A thread may stand still inside the old code for a while.
        ReloadReport last = await reload.RunAsync();
        for (int i = 0; Versions(host).Length > 1 && i < 600; i++)
        {
            await Task.Delay(100);
            last = await reload.RunAsync();
        }

        Assert.True(last.Unloads.All(static u => u.IsGone), string.Join('\n', last.Unloads.Select(static u => u.Explain())));
        Assert.Equal(["1.3.0"], Versions(host));
    }

    [Theory]
    [InlineData("cache", "failed to make a cache policy: FormatException: fails in cache")]
    [InlineData("cache-evicts-nothing", "cache policy wilful does not evict what is over its capacity")]
    [InlineData("constructor", "failed to start: FormatException: fails in constructor")]
    public async Task A_cache_policy_that_fails_leaves_the_old_one_in_force(string where, string said)
    {
        await StoreFixture.FillAsync(_folder, 50);
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync(
            $"cache.plugin={Cache}", "cache.version=>=1.0 <9", "cache.reload=swap");
        await using EventStore _ = store;
        _plugins.Install("1.1.0", where);
        ReloadReport report = await new PluginReload(host, composed, store.Engine).RunAsync();
        Assert.Empty(report.Swapped);
        Assert.Contains(said, Assert.Single(report.Problems).Message, StringComparison.Ordinal);
        await StoreLoad.AgreesAsync(store);
    }

    [Fact]
    public async Task A_cache_policy_that_throws_in_use_is_begun_anew_and_no_request_fails()
    {
        await StoreFixture.FillAsync(_folder, 400);
        _plugins.Install("1.0.0", "cache-in-use");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync(
            $"cache.plugin={Cache}", "cache.version=>=1.0 <9", "cache.onFault=restart", "cache.budget=256KiB");
        await using EventStore _ = store;
        await StoreLoad.AgreesAsync(store);
        Assert.NotNull(composed.Cache);
        Assert.NotEmpty(host.Instances);
    }

    [Fact]
    public async Task A_partition_scheme_is_exchanged_for_one_that_answers_alike_and_for_no_other()
    {
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync(
            $"partitions.all.plugin={Scheme}", "partitions.all.version=>=1.0 <9", "partitions.all.reload=swap");
        await using EventStore _ = store;
        foreach (string line in (await ToolRun.OfAsync("generate", "100")).Succeeded().Lines)
        {
            await store.PutAsync(StoreFixture.Parse(line));
        }

        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. StoreLoad.Start(store, stop.Token)];
        var reload = new PluginReload(host, composed, store.Engine);
        _plugins.Install("1.1.0", "scheme-differs");
        ReloadReport refused = await reload.RunAsync();
        Assert.Empty(refused.Swapped);
        string why = Assert.Single(refused.Problems).Message;
        Assert.Contains("partitions.all stays with mortise.wilful 1.0.0", why, StringComparison.Ordinal);
        Assert.Contains("its map is single/all2/1", why, StringComparison.Ordinal);
        Assert.Contains("mortise stack apply", why, StringComparison.Ordinal);

        _plugins.Install("1.2.0");
        PluginSwap swap = Assert.Single((await reload.RunAsync()).Swapped);
        Assert.Equal(("partitions.all", "1.0.0", "1.2.0"), (swap.Instance, $"{swap.From.Version}", $"{swap.To.Version}"));
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), static rounds => Assert.True(rounds > 0));
        await StoreLoad.AgreesAsync(store);
    }

    [Theory]
    [InlineData("wal.reload=swap", "wal.reload must be never: a log has files that one code at a time may have open")]
    [InlineData("records.reload=swap", "records.reload must be never: a record store has files")]
    [InlineData("cache.onFault=ignore", "cache.onFault must be stop or restart")]
    public void What_cannot_be_exchanged_says_what_to_do_instead(string setting, string said)
    {
        _plugins.Install("1.0.0");
        StackException refused = Assert.Throws<StackException>(
            () => _plugins.CreateHost().Resolve(StackFile.Parse("stack.yaml", DefaultStack.Text, [setting])));
        Problem problem = Assert.Single(refused.Problems);
        Assert.Contains(said, problem.Message, StringComparison.Ordinal);
    }

    private static string[] Versions(MortiseHost host) =>
        [.. host.Loaded.Where(static p => p.Origin.Id == "mortise.wilful").Select(static p => $"{p.Origin.Version}")];

    private async Task<(MortiseHost Host, ComposedStore Composed, EventStore Store)> OpenAsync(params string[] settings)
    {
        MortiseHost host = _plugins.CreateHost();
        ComposedStore composed = host.Compose(
            host.Resolve(StackFile.Parse("stack.yaml", DefaultStack.Text, settings)), _folder.Data);
        return (host, composed, await EventStore.OpenAsync(composed.Composition, StoreSession.Events(composed)));
    }
}
