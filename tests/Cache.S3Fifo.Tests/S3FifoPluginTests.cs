using System.Text.Json;
using Mortise.Caching;
using Mortise.Components;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;

namespace Mortise.Cache.S3Fifo.Tests;

public sealed class S3FifoPluginTests
{
    [Fact]
    public void The_plugin_registers_what_its_manifest_says()
    {
        var registrar = new CachePoliciesOnly();
        new S3FifoPlugin().Register(registrar);
        Assert.Equal("mortise.cache.s3fifo", registrar.Descriptor?.Id);
        Assert.Equal(("s3fifo", 123L), (registrar.Policy!.Name, registrar.Policy.CapacityBytes));

        string root = typeof(S3FifoPluginTests).Assembly
            .GetCustomAttributes(typeof(System.Reflection.AssemblyMetadataAttribute), inherit: false)
            .Cast<System.Reflection.AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == "RepositoryRoot").Value!;
        using JsonDocument manifest = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(root, "plugins", "Cache.S3Fifo", "plugin.json")));
        JsonElement component = Assert.Single(manifest.RootElement.GetProperty("components").EnumerateArray());
        Assert.Equal("mortise.cache.s3fifo", component.GetProperty("id").GetString());
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
