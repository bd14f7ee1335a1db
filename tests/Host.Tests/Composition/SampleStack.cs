using System.Diagnostics.Metrics;
using Mortise.Components;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Files;
using Mortise.Host.Loading;
using Mortise.Host.Running;

namespace Mortise.Host.Tests.Composition;

internal static class SampleStack
{
    public const string Text = """
        wal: { plugin: sample.log, version: ^1.0, syncMode: always }
        records: { plugin: sample.records, version: ^1.0 }
        cache: { plugin: sample.cache, version: ^1.0, budget: 12MiB }
        partitions:
          all: { plugin: sample.partition, version: ^1.0 }
        indexes:
          id: { projection: id, plugin: sample.index, version: ^1.0, partition: all, pageSize: 16KiB }
          author-time:
            projection: author-time
            plugin: sample.index
            version: ^1.0
            partition: all
            inlineBelow: 512
        """;

    public static MortiseHost Host(SamplePlugin? plugin = null, Action<MortiseHostOptions>? configure = null)
    {
        var options = new MortiseHostOptions { Seed = 1, Projections = ["id", "author-time"] };
        options.StaticPlugins.Add(new StaticPlugin(plugin ?? new SamplePlugin(), "sample", "1.2.0"));
        configure?.Invoke(options);
        return new MortiseHost(options);
    }

    public static ResolvedStack Resolve(string text, params string[] overrides) =>
        Host().Resolve(StackFile.Parse("stack.yaml", text, overrides));

    /// <summary>Every problem of a stack, one a line.</summary>
    public static string[] Problems(string text, params string[] overrides) =>
        [.. Assert.Throws<StackException>(() => Resolve(text, overrides)).Problems.Select(static p => p.ToString())];

    /// <summary>What an instance over a folder is opened with.</summary>
    public static ComponentContext Context(TemporaryFolder folder, string instance, IComponentLog? log = null) => new()
    {
        InstanceName = instance,
        StoreId = Guid.Empty,
        Files = PosixDirectory.OpenRoot(folder.Path),
        Time = TimeProvider.System,
        Background = new HostBackground(NullLog.Instance),
        Seed = 1,
        Log = log ?? NullLog.Instance,
        Meter = new Meter(instance),
    };

    /// <summary>Compares as one text, so that a failure shows the whole difference.</summary>
    public static void AssertLines(string[] expected, string[] actual) =>
        Assert.Equal(string.Join("\n", expected), string.Join("\n", actual));
}
