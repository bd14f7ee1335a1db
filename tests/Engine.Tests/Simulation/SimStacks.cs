using Mortise.Conformance;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Reference;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Simulation;

/// <summary>Stacks of the bundled plugins, made small enough that every path is taken often.</summary>
internal static class SimStacks
{
    public static ComponentPart<IIndexFamily> MemoryIndex { get; } = PluginParts.Of(new MemoryIndexPlugin()).Index!;

    public static ComponentPart<IIndexFamily> BTree { get; } =
        PluginParts.Of(new BTreeIndex.BTreeIndexPlugin(), Shrink).Index!;

    public static StoreComposition Compose(SimWorld world, SyncMode mode, ComponentPart<IIndexFamily> structure)
    {
        Dictionary<string, IPartitionScheme> schemes = PluginParts.Of(new Partitioning.PartitioningPlugin(), Shrink).Schemes;
        return new StoreComposition
        {
            Root = world.Disk.Root,
            Log = PluginParts.Of(new Wal.WalPlugin(), Shrink).Log!,
            Records = PluginParts.Of(new Segments.SegmentsPlugin(), Shrink).Records!,
            Families =
            [
                new FamilyPart
                {
                    Name = "id",
                    Projection = SimProjections.Id,
                    Structure = structure,
                    Partitions = schemes["mortise.partition.hash"],
                },
                new FamilyPart
                {
                    Name = "group",
                    Projection = SimProjections.Group,
                    Structure = structure,
                    Partitions = schemes["mortise.partition.time"],
                    InlineBelowBytes = 64,
                },
            ],
            Options = new EngineOptions
            {
                SyncMode = mode,
                CheckpointInterval = TimeSpan.FromHours(10),
                MaxOpenPartitions = 3,
                RebuildScans = 2,
                BodiesOnceFrom = new ByteSize(400),

                // Not every test drives the background while it waits for a write.
                ParallelSync = false,
                SealAfter = TimeSpan.FromSeconds(10),
            },
            Time = world.Clock,
            Background = world.Background,
            Logs = _ => world.Log,
            Seed = world.Seed,
            NewStoreId = () => world.StoreId,
        };
    }

    private static void Shrink(object options)
    {
        switch (options)
        {
            case Wal.WalOptions wal:
                wal.SegmentSize = ByteSize.KiB(64);
                wal.Prewrite = ByteSize.KiB(16);
                break;
            case Segments.SegmentsOptions segments:
                segments.SegmentSize = ByteSize.KiB(64);
                segments.WriteBuffer = ByteSize.KiB(8);
                break;
            case BTreeIndex.BTreeIndexOptions tree:
                tree.PageSize = ByteSize.KiB(4);
                break;
            case Partitioning.HashPartitionOptions hash:
                hash.Count = 2;
                break;
            case Partitioning.TimePartitionOptions time:
                time.Interval = Partitioning.TimeInterval.Yearly;
                break;
            default:
                break;
        }
    }

    private sealed class MemoryIndexPlugin : IPlugin
    {
        public void Register(IPluginRegistrar registrar) =>
            registrar.AddIndexFamily<MemoryIndexOptions>(Reference.MemoryIndex.Descriptor, Reference.MemoryIndex.OpenAsync);
    }
}
