using System.Diagnostics.Metrics;
using System.Runtime.CompilerServices;
using System.Runtime.Loader;
using Microsoft.Extensions.DependencyInjection;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Host.Files;
using Mortise.Host.Installing;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Indexing;

namespace Mortise.Host.Tests.Loading;

/// <summary>H12, H15, H16 and H17: that a plugin is gone is proven, and when it is not, the culprit has a name.</summary>
[Collection(Alone.Name)]
public sealed class UnloadTests : IDisposable
{
    private const string Index = "mortise.reference.memory-index";

    private readonly TemporaryFolder _folder = new();
    private readonly PrivateCopies _copies;
    private readonly PluginLoader _loader;

    public UnloadTests()
    {
        _copies = new PrivateCopies(Path.Combine(_folder.Path, "copies"));
        _loader = new PluginLoader(new PluginLoaderOptions { Copies = _copies, Log = NullLog.Instance });
    }

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_hundred_cycles_of_load_use_and_unload_leave_nothing_behind()
    {
        var unloads = new List<PluginUnload>();
        long afterTen = 0;
        for (int i = 0; i < 100; i++)
        {
            unloads.Add(await UseAndUnloadAsync(i));
            Assert.True(unloads[^1].Prove(), PinSearch.Explain(unloads[^1]));
            Assert.InRange(unloads[^1].Collections, 1, 10);
            if (i == 9)
            {
                afterTen = GC.GetTotalMemory(forceFullCollection: true);
            }
        }

        Assert.DoesNotContain(
            AssemblyLoadContext.All, static c => c.Name?.StartsWith("mortise.reference", StringComparison.Ordinal) == true && c.IsCollectible);
        Assert.Empty(_loader.Loaded);

        // Ninety further cycles may not cost memory: what a leak of one context takes is far more than a kilobyte each.
        long grown = GC.GetTotalMemory(forceFullCollection: true) - afterTen;
        Assert.True(grown < 90 * 4096, $"grew by {grown} bytes in 90 cycles");
        Assert.Equal(1, _copies.Collect(TimeSpan.Zero, DateTimeOffset.UnixEpoch.AddYears(200)));
    }

    [Fact]
    public void A_copy_stays_until_the_unload_is_proven()
    {
        (PluginUnload unload, object held) = LoadAndHold();
        Assert.False(unload.Prove(3));
        Assert.Equal(0, _copies.Collect(TimeSpan.Zero, DateTimeOffset.UnixEpoch.AddYears(200)));
        Assert.Contains("still in the process after 3 collections", unload.ToString(), StringComparison.Ordinal);
        string? why = PinSearch.Explain(unload, [("the host's list of components", held)]);
        Assert.Contains("is held by the host's list of components", why, StringComparison.Ordinal);
        GC.KeepAlive(held);
    }

    [Fact]
    public void A_plugin_is_loaded_for_good_unless_it_is_asked_otherwise()
    {
        LoadedPlugin loaded = _loader.Load(Installed(Index));
        Assert.False(loaded.CanUnload);
        Assert.Contains(
            "was loaded for good", Assert.Throws<InvalidOperationException>(() => _loader.Unload(loaded)).Message, StringComparison.Ordinal);
        Assert.NotEmpty(loaded.Components);
    }

    [Theory]
    [InlineData("json", "use a source-generated context")]
    [InlineData("validator", "which DataAnnotations uses")]
    [InlineData("typeDescriptor", "TypeDescriptor, which")]
    [InlineData("processExit", "an event of the process is still subscribed")]
    [InlineData("timer", "a timer still runs")]
    [InlineData("asyncLocal", "an AsyncLocal still has a value")]
    [InlineData("gcHandle", "a GCHandle")]
    [InlineData("thread", "a thread of its own that still runs")]
    public void What_keeps_a_plugin_is_named(string pin, string culprit)
    {
        PluginUnload unload = Cling(pin);
        Assert.False(unload.Prove(5), "the fixture should cling");
        Assert.Contains(culprit, PinSearch.Explain(unload) ?? "", StringComparison.Ordinal);
    }

    [Fact]
    public void A_service_provider_of_the_host_that_knows_a_plugins_type_is_named()
    {
        var root = new ServiceCollection().AddOptionsLike().BuildServiceProvider();
        PluginUnload unload = ResolveGeneric(root);
        Assert.False(unload.Prove(5));
        Assert.Contains(
            "a service provider that outlives the plugin",
            PinSearch.Explain(unload, [("ServiceProvider of the host", root)]),
            StringComparison.Ordinal);
        root.Dispose();
    }

    [Fact]
    public void What_clings_to_nothing_goes()
    {
        PluginUnload unload = Cling("nothing");
        Assert.True(unload.Prove(), PinSearch.Explain(unload));
        Assert.Null(PinSearch.Explain(unload));
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PluginUnload ResolveGeneric(ServiceProvider root)
    {
        LoadedPlugin loaded = _loader.Load(Installed("mortise.leaky.policy"), canUnload: true);
        _ = root.GetService(typeof(Holder<>).MakeGenericType(loaded.Components[0].OptionsType));
        return _loader.Unload(loaded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private PluginUnload Cling(string pin)
    {
        LoadedPlugin loaded = _loader.Load(Installed("mortise.leaky.policy"), canUnload: true);
        PluginComponent component = loaded.Components[0];
        object options = Activator.CreateInstance(component.OptionsType)!;
        System.Reflection.PropertyInfo property = component.OptionsType.GetProperty("Pin")!;
        property.SetValue(options, Enum.Parse(property.PropertyType, pin, ignoreCase: true));
        ICachePolicy policy = component.CacheFactory(options, 1, 1);
        Assert.Equal("leaky", policy.Name);
        return _loader.Unload(loaded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private (PluginUnload Unload, object Held) LoadAndHold()
    {
        LoadedPlugin loaded = _loader.Load(Installed(Index), canUnload: true);
        object held = Activator.CreateInstance(loaded.Components[0].OptionsType)!;
        return (_loader.Unload(loaded), new List<object> { held });
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task<PluginUnload> UseAndUnloadAsync(int cycle)
    {
        LoadedPlugin loaded = _loader.Load(Installed(Index), canUnload: true);
        await UseAsync(loaded.Components[0], cycle);
        return _loader.Unload(loaded);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private async Task UseAsync(PluginComponent component, int cycle)
    {
        using var meter = new Meter("test");
        var background = new HostBackground(NullLog.Instance);
        await using IIndexFamily index = await component.IndexOpener(
            new ComponentContext
            {
                InstanceName = "indexes/id",
                StoreId = Guid.Empty,
                Files = PosixDirectory.OpenRoot(Path.Combine(_folder.Path, $"data-{cycle}")),
                Time = TimeProvider.System,
                Background = background,
                Seed = 1,
                Log = NullLog.Instance,
                Meter = meter,
            },
            Activator.CreateInstance(component.OptionsType)!,
            CancellationToken.None);
        index.Apply(new IndexBatch(new Lsn(1), [7, 8], [new IndexMutation(IndexOperation.Set, 0, 1, 1, 1)]));
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        byte[] value = new byte[512];
        Assert.True(snapshot.TryGet([7], value, out int length));
        Assert.Equal(1, length);
    }

    private static InstalledPlugin Installed(string component) =>
        PluginCatalog.Scan([Repository.TestPlugins]).WithComponent(component).First();
}

/// <summary>Stands for root services such as <c>ILogger&lt;T&gt;</c> and <c>IOptions&lt;T&gt;</c>.</summary>
public sealed class Holder<T>
{
    public string Name => typeof(T).Name;
}

internal static class HolderServices
{
    public static IServiceCollection AddOptionsLike(this IServiceCollection services) =>
        services.AddSingleton(typeof(Holder<>));
}
