using Mortise.Caching;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Memory;

namespace Mortise.Host.Tests.Composition;

public sealed class MortiseHostTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_stack_becomes_a_composition()
    {
        StoreComposition composition = Compose(SampleStack.Host(), SampleStack.Text).Composition;
        Assert.Equal(SyncMode.Always, composition.Options.SyncMode);
        Assert.Equal(("sample", "1.2.0", "sample.log"), (
            composition.Log.Identity.PluginId, composition.Log.Identity.PluginVersion, composition.Log.Identity.ComponentId));
        Assert.Equal(["id", "author-time"], composition.Families.Select(static f => f.Name));
        Assert.Equal(512, composition.Families[1].InlineBelowBytes);
        Assert.Equal("whole", composition.Families[0].Partitions.Map);
        Assert.Equal(1UL, composition.Seed);
    }

    [Fact]
    public async Task An_instance_gets_the_options_that_the_stack_gave_it()
    {
        var seen = new List<string>();
        var plugin = new SamplePlugin
        {
            OpenIndex = (context, options) =>
            {
                seen.Add($"{context.InstanceName} {options.PageSize}");
                throw new StorageException(StorageErrorCode.Unsupported, "enough");
            },
        };
        StoreComposition composition = Compose(SampleStack.Host(plugin), SampleStack.Text).Composition;
        foreach (FamilyPart family in composition.Families)
        {
            await Assert.ThrowsAsync<StorageException>(async () => await family.Structure.Open(Context(family.Name), default));
        }

        Assert.Equal(["id 16KiB", "author-time 8KiB"], seen);
    }

    [Fact]
    public async Task What_a_plugin_should_not_throw_becomes_a_fault_that_names_it()
    {
        StoreComposition composition = Compose(SampleStack.Host(), SampleStack.Text).Composition;
        StorageException fault = await Assert.ThrowsAsync<StorageException>(
            async () => await composition.Families[0].Structure.Open(Context("indexes/id/all"), default));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Equal(
            "plugin sample 1.2.0 failed to open indexes/id/all: InvalidCastException: no such index; "
            + "this is a defect in the plugin's component sample.index",
            fault.Message);
        Assert.IsType<InvalidCastException>(fault.InnerException);
        StorageException late = await Assert.ThrowsAsync<StorageException>(
            async () => await composition.Records.Open(Context("records"), default));
        Assert.Equal(StorageErrorCode.PluginFault, late.Code);
        Assert.IsType<FormatException>(late.InnerException);
    }

    [Fact]
    public async Task An_open_that_never_comes_back_is_a_fault_and_is_told_to_stop()
    {
        using var never = new ManualResetEventSlim();
        var plugin = new SamplePlugin
        {
            OpenIndex = (_, _) =>
            {
                never.Wait();
                throw new InvalidOperationException("late");
            },
        };
        MortiseHost host = SampleStack.Host(plugin, static o => o.OpenTimeout = TimeSpan.FromMilliseconds(50));
        StoreComposition composition = Compose(host, SampleStack.Text).Composition;
        StorageException fault = await Assert.ThrowsAsync<StorageException>(
            async () => await composition.Families[0].Structure.Open(Context("indexes/id/all"), default));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.StartsWith(
            "plugin sample 1.2.0 did not open indexes/id/all within 0.05 seconds", fault.Message, StringComparison.Ordinal);
        never.Set();
    }

    [Fact]
    public async Task A_storage_exception_of_a_plugin_passes_as_it_is()
    {
        StoreComposition composition = Compose(SampleStack.Host(), SampleStack.Text).Composition;
        StorageException error = await Assert.ThrowsAsync<StorageException>(
            async () => await composition.Log.Open(Context("wal"), default));
        Assert.Equal(StorageErrorCode.Corrupt, error.Code);
    }

    [Fact]
    public async Task An_open_that_gives_null_is_a_fault()
    {
        var plugin = new SamplePlugin { OpenIndex = static (_, _) => null! };
        StoreComposition composition = Compose(SampleStack.Host(plugin), SampleStack.Text).Composition;
        StorageException fault = await Assert.ThrowsAsync<StorageException>(
            async () => await composition.Families[0].Structure.Open(Context("indexes/id/all"), default));
        Assert.Contains("it gave null", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_scheme_that_cannot_be_made_is_a_fault_at_composition()
    {
        string text = SampleStack.Text.Replace("sample.partition,", "sample.broken-partition,", StringComparison.Ordinal);
        StorageException fault = Assert.Throws<StorageException>(() => Compose(SampleStack.Host(), text));
        Assert.Equal(StorageErrorCode.PluginFault, fault.Code);
        Assert.Contains("make the scheme partitions.all", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Shares_of_the_budget_are_equal_per_group_and_sum_up_to_it_at_most()
    {
        ComposedStore store = Compose(SampleStack.Host(), SampleStack.Text);
        Func<string, ICacheGrant?> grants = store.Composition.CacheGrants;
        Assert.Null(grants("wal"));
        ICacheGrant records = grants("records")!;
        ICacheGrant january = grants("indexes/id/2026-01")!;
        Assert.Equal(4 << 20, records.TargetBytes);
        Assert.Equal(4 << 20, january.TargetBytes);
        ICacheGrant february = grants("indexes/id/2026-02")!;
        Assert.Equal(2 << 20, january.TargetBytes);
        Assert.Equal(2 << 20, february.TargetBytes);
        Assert.Equal(2 << 20, february.CreatePolicy().CapacityBytes);
        february.Report(3, 1, 100);
        february.Report(1, 1, 50);
        Assert.Equal(
            new CacheShare("indexes/id/2026-02", PartitionTier.Active, 2 << 20, 50, 4, 2),
            store.Cache!.Shares.Single(static s => s.Instance == "indexes/id/2026-02"));
        grants("indexes/id/2026-02");
        Assert.Equal(3, store.Cache.Shares.Count);
        Assert.True(store.Cache.Shares.Sum(static s => s.TargetBytes) <= store.Cache.Budget.Bytes);
    }

    [Fact]
    public void A_stack_without_a_cache_has_no_grants()
    {
        string text = string.Join('\n', SampleStack.Text.Split('\n').Where(static l => !l.StartsWith("cache:", StringComparison.Ordinal)));
        ComposedStore store = Compose(SampleStack.Host(), text);
        Assert.Null(store.Cache);
        Assert.Null(store.Composition.CacheGrants("records"));
    }

    [Fact]
    public void Two_versions_of_one_plugin_serve_two_stores_of_one_host()
    {
        MortiseHost host = SampleStack.Host(configure: static o => o.PluginFolders.Add(Repository.TestPlugins));
        string[] versions = [.. ((string[])["^1.0", "^2.0"]).Select(version =>
        {
            StackFile stack = StackFile.Parse(
                "stack.yaml",
                SampleStack.Text.Replace(", pageSize: 16KiB", "", StringComparison.Ordinal),
                ["indexes.id.plugin=mortise.reference.memory-index", $"indexes.id.version={version}"]);
            StoreComposition composition = host.Compose(host.Resolve(stack), Path.Combine(_folder.Path, version)).Composition;
            return composition.Families[0].Structure.Identity.PluginVersion;
        })];
        Assert.Equal(["1.0.0", "2.0.0"], versions);
        Assert.Equal(
            ["mortise.reference 1.0.0", "mortise.reference 2.0.0", "sample 1.2.0"],
            host.Loaded.Select(static p => p.Origin.ToString()).Order());
    }

    private ComposedStore Compose(MortiseHost host, string text) =>
        host.Compose(host.Resolve(StackFile.Parse("stack.yaml", text)), _folder.Path);

    private ComponentContext Context(string instance) => SampleStack.Context(_folder, instance);
}
