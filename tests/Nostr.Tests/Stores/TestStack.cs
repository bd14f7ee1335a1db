using Mortise.BTreeIndex;
using Mortise.Conformance;
using Mortise.Engine;
using Mortise.Host.Running;
using Mortise.Indexing;
using Mortise.Logging;
using Mortise.Partitioning;
using Mortise.Plugins;
using Mortise.Records;
using Mortise.Reference;
using Mortise.Segments;
using Mortise.Wal;

namespace Mortise.Nostr.Tests;

/// <summary>A choice of families, for stores on a simulated disk.</summary>
internal sealed record TestStack(string Name, params TestFamily[] Families)
{
    private static readonly PluginParts s_parts =
        new(new WalPlugin(), new SegmentsPlugin(), new BTreeIndexPlugin(), new MemoryIndexPlugin());

    private static readonly BTreeIndexOptions s_small = new() { PageSize = ByteSize.KiB(4), MemoryBudget = ByteSize.KiB(64) };

    private static readonly string[] s_all =
    [
        EventProjections.Id, EventProjections.AuthorTime, EventProjections.KindTime, EventProjections.AuthorKindTime,
        EventProjections.Tag, EventProjections.Address, EventProjections.Deletion, EventProjections.Expiration,
        EventProjections.Time,
    ];

    /// <summary>The name of the projection that a plugin makes.</summary>
    public const string Words = "words";

    public static TestStack Full { get; } = Of("full", s_all);

    /// <summary>With an index of words besides.</summary>
    public static TestStack WithWords { get; } = Of("full and words", [.. s_all, Words]);

    /// <summary>Words and no other order; records in the entries.</summary>
    public static TestStack WordsOnly { get; } = new(
        "id, words",
        new TestFamily(EventProjections.Id, new NoPartitionScheme(), 0),
        new TestFamily(Words, new TimePartitionScheme(new TimePartitionOptions()), 400));

    /// <summary>The same in another structure, the obviously right one.</summary>
    public static TestStack InMemory { get; } = Full with { Name = "memory", UsesBTree = false };

    /// <summary>Everything partitioned by month, records in the entries.</summary>
    public static TestStack Monthly { get; } = new(
        "monthly, inline",
        [.. s_all.Select(p => new TestFamily(p, new TimePartitionScheme(new TimePartitionOptions()), 400))]);

    /// <summary>Orders for tags with a kind or an author besides.</summary>
    public static TestStack TagOrders { get; } = Of(
        "tag orders",
        EventProjections.Id,
        EventProjections.TagKindTime,
        EventProjections.TagAuthorTime,
        EventProjections.AuthorTime,
        EventProjections.Expiration);

    /// <summary>No order but time; expiration is asked of records.</summary>
    public static TestStack TimeOnly { get; } = Of("id, time", EventProjections.Id, EventProjections.Time);

    /// <summary>No order at all: what is not asked by id is read whole and sorted.</summary>
    public static TestStack IdOnly { get; } = Of("id", EventProjections.Id);

    public bool UsesBTree { get; init; } = true;

    /// <summary>Where a segment of records ends.</summary>
    public ByteSize SegmentSize { get; init; } = ByteSize.MiB(4);

    public override string ToString() => Name;

    public StoreComposition Compose(SimWorld world, TimeProvider time, ByteSize maxCommit) => new()
    {
        Root = world.Disk.Root,
        Log = s_parts.Part<IWriteAheadLog, WalOptions>(
            "mortise.wal", new WalOptions { SegmentSize = ByteSize.MiB(1), Prewrite = ByteSize.KiB(0) }),
        Records = s_parts.Part<IRecordStore, SegmentsOptions>(
            "mortise.segments", new SegmentsOptions { SegmentSize = SegmentSize }),
        Families = Array.ConvertAll(Families, family => new FamilyPart
        {
            Name = family.Projection,
            Projection = family.Projection,
            Structure = UsesBTree
                ? s_parts.Part<IIndexFamily, BTreeIndexOptions>("mortise.btree", s_small)
                : s_parts.Part<IIndexFamily, MemoryIndexOptions>(MemoryIndex.Descriptor.Id, new MemoryIndexOptions()),
            Partitions = family.Scheme,
            InlineBelowBytes = family.InlineBelow,
        }),
        Options = new EngineOptions { SyncMode = SyncMode.Never, MaxCommitBytes = maxCommit },
        Time = time,
        Background = new HostBackground(world.Log),
        Logs = _ => world.Log,
    };

    private static TestStack Of(string name, params string[] projections) =>
        new(name, Array.ConvertAll(projections, p => new TestFamily(p, new NoPartitionScheme(), 0)));
}

/// <summary>A family of a test stack, named as its projection.</summary>
internal sealed record TestFamily(string Projection, IPartitionScheme Scheme, int InlineBelow);

internal sealed class MemoryIndexPlugin : IPlugin
{
    public void Register(IPluginRegistrar registrar) =>
        registrar.AddIndexFamily<MemoryIndexOptions>(MemoryIndex.Descriptor, MemoryIndex.OpenAsync);
}
