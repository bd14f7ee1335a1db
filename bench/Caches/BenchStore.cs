using Mortise.BTreeIndex;
using Mortise.Cache.S3Fifo;
using Mortise.Engine;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Memory;
using Mortise.Nostr;
using Mortise.Partitioning;
using Mortise.Segments;
using Mortise.Wal;

namespace Mortise.Bench.Caches;

/// <summary>A store in a folder, in the default stack with S3-FIFO, overrides, and the bundled plugins linked in.</summary>
/// <param name="Store">The store.</param>
/// <param name="Memory">Its budget.</param>
internal sealed record BenchStore(EventStore Store, CacheBudget Memory)
{
    private const int Batch = 2000;

    /// <summary>The families with one key an event or a tag, by month.</summary>
    public static string[] Monthly { get; } =
    [
        "partitions.monthly.plugin=mortise.partition.time", "partitions.monthly.version=^1.0",
        "partitions.monthly.interval=monthly",
        .. ((string[])["author-time", "kind-time", "author-kind-time", "tag", "time"])
            .Select(static f => $"indexes.{f}.partition=monthly"),
    ];

    /// <param name="folder">The store's directory.</param>
    /// <param name="overrides">Values of the stack.</param>
    /// <param name="plugins">Further plugins.</param>
    /// <param name="memory">Another budget than the stack's.</param>
    public static async Task<BenchStore> OpenAsync(
        string folder, string[] overrides, StaticPlugin[]? plugins = null, CacheBudget? memory = null)
    {
        var options = new MortiseHostOptions { Projections = [.. EventProjections.All.Keys] };
        options.Sections["nostr"] = null;
        options.Sections["relay"] = null;
        options.StaticPlugins.Add(new StaticPlugin(new WalPlugin(), "mortise.wal", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new SegmentsPlugin(), "mortise.segments", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new BTreeIndexPlugin(), "mortise.btree", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new PartitioningPlugin(), "mortise.partitioning", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new S3FifoPlugin(), "mortise.cache.s3fifo", "1.0.0"));
        foreach (StaticPlugin plugin in plugins ?? [])
        {
            options.StaticPlugins.Add(plugin);
        }

        var host = new MortiseHost(options);
        string[] all = ["wal.syncMode=never", "cache.plugin=mortise.cache.s3fifo", .. overrides];
        ComposedStore composed = host.Compose(
            host.Resolve(StackFile.Parse("bench", DefaultStack.Text, all)), folder);
        StoreComposition composition = memory is null
            ? composed.Composition
            : composed.Composition with
            {
                CacheGrants = instance =>
                    instance.StartsWith("indexes/", StringComparison.Ordinal) ? memory.GrantTo(instance) : null,
            };
        EventStore store = await EventStore.OpenAsync(composition, new EventStoreOptions
        {
            Policy = new EventPolicyOptions
            {
                Superseded = SupersededVersions.KeepAll,
                HonourDeletions = false,
                HonourVanish = false,
            },
        });
        return new BenchStore(store, memory ?? composed.Cache!);
    }

    /// <summary>Stores events, and waits until they are in the indexes' files.</summary>
    public async Task FillAsync(IEnumerable<NostrEvent> events)
    {
        foreach (NostrEvent[] batch in events.Chunk(Batch))
        {
            await Store.PutAsync(batch);
        }

        await Store.CheckpointAsync();
    }

    /// <summary>Bytes of all index files.</summary>
    public long IndexBytes => Store.GetStatistics().Families.Sum(static f => f.Partitions.Sum(static p => p.Index.DiskBytes));
}
