using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Nostr;

namespace Mortise.Cli.Tests;

/// <summary>H13, H14, H17, E21, E22: other code under a store that serves; 0 failed requests, and the old code is gone.
/// </summary>
public sealed class PluginReloadTests : IDisposable
{
    private const string Family = "kind-time";

    private readonly TemporaryFolder _folder = new();
    private readonly WilfulFolder _plugins;

    public PluginReloadTests() => _plugins = new WilfulFolder(_folder.File("plugins"));

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task New_files_in_the_folder_are_taken_under_load_and_no_request_fails()
    {
        await StoreFixture.FillAsync(_folder, 400);
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync();
        await using EventStore _ = store;
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. StoreLoad.Start(store, stop.Token)];
        var reports = System.Threading.Channels.Channel.CreateUnbounded<ReloadReport>();
        var reload = new PluginReload(host, composed, store.Engine);
        Assert.True(reload.IsWanted);
        await using (PluginWatch watch = reload.Watch(
            r => reports.Writer.TryWrite(r), e => reports.Writer.TryComplete(e)))
        {
            // By rename; what is only touched, or is being put together beside, is nothing new.
            _plugins.Install("1.1.0");
            PluginSwap first = Assert.Single((await reports.Reader.ReadAsync()).Swapped);
            Assert.Equal(($"indexes.{Family}", "1.0.0", "1.1.0"), (first.Instance, $"{first.From.Version}", $"{first.To.Version}"));
            Assert.True(first.Records >= 400 * 9 / 10);
            File.SetLastWriteTimeUtc(
                Path.Combine(_plugins.PlaceOf("1.1.0"), PluginManifest.FileName), DateTime.UnixEpoch.AddYears(60));

            _plugins.Install("1.2.0");
            PluginSwap second = Assert.Single((await reports.Reader.ReadAsync()).Swapped);
            Assert.Equal(("1.1.0", "1.2.0"), ($"{second.From.Version}", $"{second.To.Version}"));
        }

        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), static rounds => Assert.True(rounds > 0));
        await StoreLoad.AgreesAsync(store);

        // Two of the three versions that were in the process are proven to be out of it.
        ReloadReport last = await new PluginReload(host, composed, store.Engine).RunAsync();
        Assert.Empty(last.Swapped);
        LoadedPlugin left = Assert.Single(host.Loaded, static p => p.Origin.Id == "mortise.wilful");
        Assert.Equal(composed.Stack.Families.Single(static f => f.Name == Family).Structure.Component.Plugin, left.Origin);
    }

    [Fact]
    public async Task The_code_that_was_replaced_is_proven_to_be_gone()
    {
        await StoreFixture.FillAsync(_folder, 50);
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync();
        await using EventStore _ = store;
        var reload = new PluginReload(host, composed, store.Engine);
        Assert.True((await reload.RunAsync()).IsEmpty);
        for (int minor = 1; minor <= 3; minor++)
        {
            _plugins.Install($"1.{minor}.0");
            ReloadReport report = await reload.RunAsync();
            Assert.Single(report.Swapped);
            PluginUnload unload = report.Unloads[^1];
            await GoneAsync(unload);
            Assert.Equal($"1.{minor - 1}.0", $"{unload.Plugin.Version}");
        }

        // Other files under the same version are another plugin; the same files with other times are not.
        File.SetLastWriteTimeUtc(
            Path.Combine(_plugins.PlaceOf("1.3.0"), PluginManifest.FileName), DateTime.UnixEpoch.AddYears(60));
        Assert.Empty((await reload.RunAsync()).Swapped);
        _plugins.Install("1.3.0", "sound");
        PluginSwap last = Assert.Single((await reload.RunAsync()).Swapped);
        Assert.Equal(last.From.Version, last.To.Version);
        Assert.NotEqual(last.From.Sha256, last.To.Sha256);
        await StoreLoad.AgreesAsync(store);
    }

    [Fact]
    public async Task A_version_that_clings_is_named_and_goes_on_being_looked_for()
    {
        await StoreFixture.FillAsync(_folder, 20);
        _plugins.Install("1.0.0", "clings");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync();
        await using EventStore _ = store;
        var reload = new PluginReload(host, composed, store.Engine);
        _plugins.Install("1.1.0");
        PluginUnload unload = Assert.Single((await reload.RunAsync()).Unloads);
        Assert.False(unload.IsGone);
        Assert.Contains("mortise.wilful 1.0.0", unload.Explain(), StringComparison.Ordinal);
        Assert.Same(unload, Assert.Single((await reload.RunAsync()).Unloads));
    }

    [Theory]
    [InlineData("constructor", "failed to start: FormatException: fails in constructor")]
    [InlineData("register", "failed to register: FormatException: fails in register")]
    [InlineData("options", "maxValue is never right")]
    [InlineData("open", "failed to open indexes/kind-time/")]
    [InlineData("snapshot", "failed in WilfulPlugin.Fail: FormatException: fails in snapshot")]
    public async Task A_version_that_fails_leaves_the_old_one_in_force(string where, string said)
    {
        await StoreFixture.FillAsync(_folder, 100);
        _plugins.Install("1.0.0");
        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync();
        await using EventStore _ = store;
        using var stop = new CancellationTokenSource();
        Task<int>[] clients = [.. StoreLoad.Start(store, stop.Token)];
        _plugins.Install("1.1.0", where);
        var reload = new PluginReload(host, composed, store.Engine);
        ReloadReport report = await reload.RunAsync();
        Assert.Empty(report.Swapped);
        Assert.Contains(said, Assert.Single(report.Problems).Message, StringComparison.Ordinal);
        await stop.CancelAsync();
        Assert.All(await Task.WhenAll(clients), static rounds => Assert.True(rounds > 0));
        Assert.Null(store.Engine.FaultCause);
        await StoreLoad.AgreesAsync(store);

        // What failed is let go; a thread remembers what it threw last, so when it is gone is not said. The next version
        // is taken.
        LoadedPlugin left = Assert.Single(host.Loaded, static p => p.Origin.Id == "mortise.wilful");
        Assert.Equal("1.0.0", $"{left.Origin.Version}");
        _plugins.Install("1.2.0");
        Assert.Equal("1.2.0", $"{Assert.Single((await reload.RunAsync()).Swapped).To.Version}");
        await StoreLoad.AgreesAsync(store);
    }

    [Fact]
    public async Task What_is_not_trusted_is_not_taken_until_it_is()
    {
        await StoreFixture.FillAsync(_folder, 20);
        _plugins.Install("1.0.0");
        TrustList trust = TrustList.Empty;
        Pin("1.0.0");
        foreach (InstalledPlugin bundled in PluginCatalog.Scan([Surroundings.Plugins]).Plugins)
        {
            trust.Add(bundled);
        }

        (MortiseHost host, ComposedStore composed, EventStore store) = await OpenAsync(
            o => o.ReadTrust = () => new TrustRules(TrustMode.Enforce, TrustList.Parse("trust", trust.ToString())));
        await using EventStore _ = store;
        var reload = new PluginReload(host, composed, store.Engine);
        _plugins.Install("1.1.0");
        Problem refused = Assert.Single((await reload.RunAsync()).Problems);
        Assert.Equal(ProblemCode.NotTrusted, refused.Code);
        Pin("1.1.0");
        Assert.Equal("1.1.0", $"{Assert.Single((await reload.RunAsync()).Swapped).To.Version}");

        void Pin(string version) => trust.Add(PluginCatalog.ReadFolder(_plugins.PlaceOf(version)));
    }

    [Fact]
    public async Task Two_stores_of_one_host_each_keep_what_they_use()
    {
        _plugins.Install("1.0.0");
        MortiseHost host = _plugins.CreateHost();
        (ComposedStore first, EventStore one) = await OpenAsync(host, _folder.File("one"));
        await using EventStore _ = one;
        (ComposedStore second, EventStore two) = await OpenAsync(host, _folder.File("two"));
        await using EventStore __ = two;
        _plugins.Install("1.1.0");
        ReloadReport report = await new PluginReload(host, first, one.Engine).RunAsync();
        Assert.Single(report.Swapped);
        Assert.Empty(report.Unloads);
        foreach (string line in (await ToolRun.OfAsync("generate", "20")).Succeeded().Lines)
        {
            await one.PutAsync(StoreFixture.Parse(line));
            await two.PutAsync(StoreFixture.Parse(line));
        }

        await StoreLoad.AgreesAsync(one);
        await StoreLoad.AgreesAsync(two);
        report = await new PluginReload(host, second, two.Engine).RunAsync();
        await GoneAsync(Assert.Single(report.Unloads));
    }

    [Fact]
    public async Task Without_swap_nothing_is_exchanged()
    {
        _plugins.Install("1.0.0");
        MortiseHost host = _plugins.CreateHost();
        ComposedStore composed = host.Compose(host.Resolve(WilfulFolder.Stack(Family)), _folder.Data);
        await using EventStore store = await EventStore.OpenAsync(composed.Composition, StoreSession.Events(composed));
        var reload = new PluginReload(host, composed, store.Engine);
        Assert.False(reload.IsWanted);
        _plugins.Install("1.1.0");
        Assert.True((await reload.RunAsync()).IsEmpty);
        Assert.False(Assert.Single(host.Loaded, static p => p.Origin.Id == "mortise.wilful").CanUnload);
    }

    /// <summary>Proven at once, unless a busy machine has a thread stand still inside the plugin.</summary>
    private static async Task GoneAsync(PluginUnload unload)
    {
        for (int i = 0; !unload.Prove() && i < 600; i++)
        {
            await Task.Delay(100);
        }

        Assert.True(unload.IsGone, unload.Explain());
    }

    [Fact]
    public void A_name_that_a_component_had_before_still_finds_it()
    {
        _plugins.Install("1.0.0");
        ResolvedStack stack = _plugins.CreateHost().Resolve(
            WilfulFolder.Stack(Family, $"indexes.{Family}.plugin=mortise.headstrong.index"));
        Assert.Equal(
            "mortise.wilful.index",
            stack.Families.Single(static f => f.Name == Family).Structure.Component.Descriptor.Id);
    }

    private async Task<(MortiseHost Host, ComposedStore Composed, EventStore Store)> OpenAsync(
        Action<MortiseHostOptions>? configure = null)
    {
        MortiseHost host = _plugins.CreateHost(configure);
        (ComposedStore composed, EventStore store) = await OpenAsync(host, _folder.Data);
        return (host, composed, store);
    }

    private static async Task<(ComposedStore Composed, EventStore Store)> OpenAsync(MortiseHost host, string data)
    {
        ComposedStore composed = host.Compose(
            host.Resolve(WilfulFolder.Stack(Family, $"indexes.{Family}.reload=swap")), data);
        return (composed, await EventStore.OpenAsync(composed.Composition, StoreSession.Events(composed)));
    }
}
