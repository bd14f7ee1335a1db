using System.Diagnostics.Metrics;
using Mortise.BTreeIndex;
using Mortise.Cache.Lru;
using Mortise.Components;
using Mortise.Engine;
using Mortise.Files;
using Mortise.Host.Composition;
using Mortise.Host.Configuration;
using Mortise.Host.Loading;
using Mortise.Host.Running;
using Mortise.Logging;
using Mortise.Nostr;
using Mortise.Partitioning;
using Mortise.Segments;
using Mortise.Wal;

namespace Mortise.Bench.Log;

/// <summary>The default stack, of plugins in the process.</summary>
internal static class Stacks
{
    public static StoreComposition Compose(IStorageDirectory root, params string[] settings) =>
        Host().Compose(Host().Resolve(StackFile.Parse("bench", DefaultStack.Text, settings)), root).Composition;

    public static ValueTask<EventStore> OpenAsync(IStorageDirectory root, params string[] settings) =>
        EventStore.OpenAsync(Compose(root, settings));

    /// <summary>A new log alone.</summary>
    public static ValueTask<IWriteAheadLog> OpenLogAsync(IStorageDirectory root) =>
        OpenLogAsync(Compose(root), root, new Guid("00112233-4455-6677-8899-aabbccddeeff"));

    /// <summary>The log of a store, in its own directory.</summary>
    public static ValueTask<IWriteAheadLog> OpenLogAsync(
        StoreComposition stack, IStorageDirectory files, Guid storeId) =>
        stack.Log.Open(
            new ComponentContext
            {
                InstanceName = "wal",
                StoreId = storeId,
                Files = files,
                Time = TimeProvider.System,
                Background = new HostBackground(NullLog.Instance),
                Seed = 1,
                Log = NullLog.Instance,
                Meter = new Meter("bench"),
            },
            default);

    private static MortiseHost Host()
    {
        var options = new MortiseHostOptions();
        options.StaticPlugins.Add(new StaticPlugin(new WalPlugin(), "mortise.wal", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new SegmentsPlugin(), "mortise.segments", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new BTreeIndexPlugin(), "mortise.btree", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new LruPlugin(), "mortise.cache.lru", "1.0.0"));
        options.StaticPlugins.Add(new StaticPlugin(new PartitioningPlugin(), "mortise.partitioning", "1.0.0"));
        return new MortiseHost(options);
    }
}
