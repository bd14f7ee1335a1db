using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Indexing;
using Mortise.Partitioning;

namespace Mortise.Host.Tests.Composition;

/// <summary>The stack that people start with, on the bundled plugins as they are staged.</summary>
public sealed class DefaultStackTests : IDisposable
{
    private static readonly string[] s_families =
    [
        "id", "author-time", "kind-time", "author-kind-time", "tag", "address", "deletion", "expiration", "time",
    ];

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void It_validates_and_every_value_it_states_is_the_default()
    {
        ResolvedStack stack = Resolve();
        Assert.Equal(s_families, stack.Families.Select(static f => f.Name));
        Assert.Equal(s_families, stack.Families.Select(static f => f.Projection));
        foreach (ResolvedComponent component in (ResolvedComponent[])[stack.Log, stack.Records, stack.Cache!])
        {
            object untouched = Activator.CreateInstance(component.Component.OptionsType)!;
            foreach (OptionProperty property in OptionProperty.Of(untouched.GetType()))
            {
                Assert.Equal(property.Get(untouched), property.Get(component.Options));
            }
        }

        var engine = new EngineOptions();
        foreach (OptionProperty property in OptionProperty.Of(typeof(EngineOptions)))
        {
            Assert.Equal(property.Get(engine), property.Get(stack.Engine));
        }
    }

    [Fact]
    public async Task A_store_of_loaded_plugins_keeps_records_across_a_reopen()
    {
        await using (StoreEngine engine = await OpenAsync())
        {
            for (int i = 0; i < 100; i++)
            {
                await engine.WriteAsync(new OneRecord(BitConverter.GetBytes(i)));
            }
        }

        // The same data under another index structure for one family: one line of the stack, and the family is rebuilt.
        await using StoreEngine again = await OpenAsync(
            "indexes.time.plugin=mortise.reference.memory-index", "indexes.time.version=^2.0");
        Assert.Equal(100, again.Records.Statistics.LiveRecords);
        EngineStatistics statistics = again.GetStatistics();
        Assert.Equal(s_families.Length, statistics.Families.Count);
        Assert.All(statistics.Families, static f => Assert.Equal(100, f.Partitions.Sum(static p => p.Index.Entries)));
    }

    [Fact]
    public async Task Two_versions_of_one_plugin_serve_two_stores_in_one_process()
    {
        using var other = new TemporaryFolder();
        await using StoreEngine first = await OpenAsync(_folder, "^1.0");
        await using StoreEngine second = await OpenAsync(other, "^2.0");
        for (int i = 0; i < 20; i++)
        {
            await first.WriteAsync(new OneRecord(BitConverter.GetBytes(i)));
            await second.WriteAsync(new OneRecord(BitConverter.GetBytes(-i)));
            await second.WriteAsync(new OneRecord(BitConverter.GetBytes(1000 + i)));
        }

        AssertServes(first, "1.0.0", 20);
        AssertServes(second, "2.0.0", 40);

        Task<StoreEngine> OpenAsync(TemporaryFolder folder, string version) => DefaultStackTests.OpenAsync(
            folder, "indexes.time.plugin=mortise.reference.memory-index", $"indexes.time.version={version}");
    }

    private static void AssertServes(StoreEngine engine, string version, int records)
    {
        FamilyStatistics family = engine.GetStatistics().Families.Single(static f => f.Name == "time");
        Assert.Equal(version, family.Structure.PluginVersion);
        using StoreView view = engine.OpenView();
        using FamilyCursor cursor = view.Find("time")!.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
        int found = 0;
        while (cursor.MoveNext())
        {
            found++;
        }

        Assert.Equal(records, found);
    }

    private Task<StoreEngine> OpenAsync(params string[] overrides) => OpenAsync(_folder, overrides);

    private static async Task<StoreEngine> OpenAsync(TemporaryFolder folder, params string[] overrides)
    {
        MortiseHost host = Host();
        ResolvedStack stack = host.Resolve(StackFile.Parse("default", DefaultStack.Text, overrides));
        return await StoreEngine.OpenAsync(
            host.Compose(stack, folder.Path).Composition,
            s_families.ToDictionary(static name => name, static name => (IKeyProjection)new WholeRecord(name)),
            new PutAll());
    }

    private static ResolvedStack Resolve(params string[] overrides) =>
        Host().Resolve(StackFile.Parse("default", DefaultStack.Text, overrides));

    private static MortiseHost Host()
    {
        var options = new MortiseHostOptions { Projections = s_families };
        options.PluginFolders.Add(Repository.Plugins);
        options.PluginFolders.Add(Repository.TestPlugins);
        return new MortiseHost(options);
    }

    private sealed class OneRecord(byte[] bytes) : StoreWrite
    {
        public byte[] Bytes { get; } = bytes;

        public override int EstimatedBytes => Bytes.Length;
    }

    private sealed class PutAll : IWritePlanner
    {
        public void BeginGroup(StoreView view)
        {
        }

        public void Plan(StoreWrite write, CommitBuilder commit) => commit.Put(((OneRecord)write).Bytes);

        public void Published(StoreView view, IReadOnlyList<StoreWrite> writes)
        {
        }
    }

    private sealed class WholeRecord(string name) : IKeyProjection
    {
        public string Name => name;

        public int FormatVersion => 1;

        public LocationPlacement Placement => LocationPlacement.InKey;

        public int MaxKeyBytes => 16;

        public void Project(ReadOnlySpan<byte> record, IKeySink sink) => sink.Emit(0, record);
    }
}
