using System.Text.Json;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.TestSupport;

/// <summary>What every plugin with one cache policy has to show beside the laws.</summary>
/// <typeparam name="TPlugin">The plugin.</typeparam>
/// <param name="name">What the policy calls itself, and the end of its component's id.</param>
/// <param name="folder">The plugin's folder of sources.</param>
public abstract class CachePluginTests<TPlugin>(string name, string folder)
    where TPlugin : IPlugin, new()
{
    [Fact]
    public void The_plugin_registers_what_its_manifest_says()
    {
        var registrar = new CachePoliciesOnly();
        new TPlugin().Register(registrar);
        Assert.Equal($"mortise.cache.{name}", registrar.Descriptor?.Id);
        Assert.Equal((name, 123L), (registrar.Policy!.Name, registrar.Policy.CapacityBytes));

        string root = GetType().Assembly
            .GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), inherit: false)
            .Cast<System.Reflection.AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "RepositoryRoot").Value!;
        using JsonDocument manifest = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(root, "plugins", folder, "plugin.json")));
        JsonElement component = Assert.Single(manifest.RootElement.GetProperty("components").EnumerateArray());
        Assert.Equal($"mortise.cache.{name}", component.GetProperty("id").GetString());
        Assert.Equal("cache", component.GetProperty("kind").GetString());
    }

    private sealed class CachePoliciesOnly : IPluginRegistrar
    {
        public ComponentDescriptor? Descriptor { get; private set; }

        public ICachePolicy? Policy { get; private set; }

        public void AddCachePolicy<TOptions>(
            ComponentDescriptor descriptor, Func<TOptions, long, ulong, ICachePolicy> create)
            where TOptions : class, new()
        {
            Descriptor = descriptor;
            Policy = create(new TOptions(), 123, 1);
        }

        public void AddLog<TOptions>(
            ComponentDescriptor descriptor, ComponentOpener<IWriteAheadLog, TOptions> open, IExaminer? examiner)
            where TOptions : class, new() => Assert.Fail("not a log");

        public void AddRecordStore<TOptions>(
            ComponentDescriptor descriptor, ComponentOpener<IRecordStore, TOptions> open, IExaminer? examiner)
            where TOptions : class, new() => Assert.Fail("not a record store");

        public void AddIndexFamily<TOptions>(
            ComponentDescriptor descriptor, ComponentOpener<IIndexFamily, TOptions> open, IExaminer? examiner)
            where TOptions : class, new() => Assert.Fail("not an index family");

        public void AddPartitionScheme<TOptions>(
            ComponentDescriptor descriptor, Func<TOptions, IPartitionScheme> create)
            where TOptions : class, new() => Assert.Fail("not a partition scheme");
    }
}
