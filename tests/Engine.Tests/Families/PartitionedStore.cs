using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Families;

/// <summary>A store in a simulated world with one family by id, unpartitioned, and one by time.</summary>
internal sealed class PartitionedStore(SimWorld world, TimeInterval interval, int maxOpen) : IAsyncDisposable
{
    private StoreEngine? _engine;

    public const long Day = 86_400;

    /// <summary>2021-01-01.</summary>
    public const long Begin = 1_609_459_200;

    public StoreEngine Engine => _engine!;

    public TimeInterval Interval { get; set; } = interval;

    public SimWorld World => world;

    public SyncMode Mode { get; init; } = SyncMode.Never;

    public ByteSize MaxCommitBytes { get; init; } = new EngineOptions().MaxCommitBytes;

    /// <summary>Small neighbours stay apart unless a test says otherwise.</summary>
    public ByteSize MergeBelow { get; init; } = new(0);

    public IReadOnlyDictionary<string, IKeyProjection> Projections { get; init; } = SimProjections.All;

    public static async Task<PartitionedStore> OpenAsync(
        TimeInterval interval, int maxOpen = 256, ByteSize? maxCommitBytes = null, ByteSize mergeBelow = default)
    {
        var store = new PartitionedStore(new SimWorld((ulong)Seed.Get(1)), interval, maxOpen)
        {
            MaxCommitBytes = maxCommitBytes ?? new EngineOptions().MaxCommitBytes,
            MergeBelow = mergeBelow,
        };
        await store.OpenAsync();
        return store;
    }

    public async Task OpenAsync(string[]? rebuild = null)
    {
        StoreComposition composition = SimStacks.Compose(world, Mode, SimStacks.BTree);
        Dictionary<string, IPartitionScheme> schemes = Schemes();
        _engine = await ObservedStore.Finish(world, StoreEngine.OpenAsync(
            composition with
            {
                Options = new EngineOptions
                {
                    SyncMode = Mode,
                    CheckpointInterval = TimeSpan.FromHours(10),
                    MaxOpenPartitions = maxOpen,
                    MaxCommitBytes = MaxCommitBytes,
                    MergeBelow = MergeBelow,
                },
                Families =
                [
                    With(composition.Families[0], schemes["mortise.partition.none"]),
                    With(composition.Families[1], schemes["mortise.partition.time"]),
                ],
                RebuildFamilies = rebuild ?? [],
            },
            Projections,
            new SimPlanner()).AsTask());
    }

    /// <summary>Closes and opens again.</summary>
    public async Task ReopenAsync(string[]? rebuild = null)
    {
        await ObservedStore.Finish(world, Engine.DisposeAsync().AsTask());
        await OpenAsync(rebuild);
    }

    /// <summary>Builds the family by time anew, divided by another interval, beside the writer.</summary>
    public Task MigrateAsync(TimeInterval to)
    {
        Interval = to;
        FamilyPart family = SimStacks.Compose(world, Mode, SimStacks.BTree).Families[1];
        return Engine.SwitchFamilyAsync(With(family, Schemes()["mortise.partition.time"])).AsTask();
    }

    public Task PutAsync(long id, long time, int bytes = 100) => ObservedStore.Finish(
        world, Engine.WriteAsync(new SimWrite([SimRecord.Make(id, id % 3, time, bytes, (byte)id)], [])).AsTask());

    public Task PutAsync((int Id, long Time)[] records) => ObservedStore.Finish(
        world,
        Engine.WriteAsync(new SimWrite(
            [.. records.Select(static r => SimRecord.Make(r.Id, r.Id % 3, r.Time, 60, (byte)r.Id))], [])).AsTask());

    public async Task<int> PackAsync() => await ObservedStore.Finish(world, Engine.PackAsync().AsTask());

    /// <summary>Drops what is before an ordinal, partition by partition.</summary>
    public Task<RangeDropReport> DropAsync(
        long before, Func<long, bool>? keeps = null, bool isDryRun = false, bool leavesSpace = false, RecordsToAsk? mayKeep = null) =>
        ObservedStore.Finish(world, StartDropping(before, keeps, isDryRun, leavesSpace, mayKeep));

    public Task CleanAsync() => ObservedStore.Finish(world, Engine.CleanDroppedAsync().AsTask());

    /// <summary>The same, not waiting for its end.</summary>
    public Task<RangeDropReport> StartDropping(
        long before, Func<long, bool>? keeps = null, bool isDryRun = false, bool leavesSpace = false, RecordsToAsk? mayKeep = null)
    {
        using StoreView view = Engine.OpenView();
        FamilyView family = view.Families[1];
        return Engine.DropRangesAsync(new RangeDrop
        {
            Family = family.Name,
            Ranges = [.. Enumerable.Range(0, family.PartitionCount).Select(family.BoundsOf)
                .Where(bounds => bounds.Last < before).Reverse()],
            Keeps = keeps is null ? null : record => keeps(SimRecord.Id(record)),
            MayKeep = mayKeep,
            LeavesSpace = leavesSpace,
            IsDryRun = isDryRun,
        }).AsTask();
    }

    /// <summary>The directories of the family by time.</summary>
    public string[] Directories() =>
        [.. world.Disk.Root.OpenDirectory("indexes").OpenDirectory("group").List().Select(static e => e.Name).Order()];

    public Task DeleteAsync(long id) =>
        ObservedStore.Finish(world, Engine.WriteAsync(new SimWrite([], [id])).AsTask());

    /// <summary>Entries of the family by time that may have ordinals in a range, newest partitions first.</summary>
    public int CountByTime(long first, long last)
    {
        using StoreView view = Engine.OpenView();
        using FamilyCursor cursor = view.Families[1].OpenCursor(
            KeyRange.All, new OrdinalRange(first, last), EntryOrder.ByKey);
        int count = 0;
        while (cursor.MoveNext())
        {
            count++;
        }

        return count;
    }

    public void RequireAgreement(int records)
    {
        using StoreView view = Engine.OpenView();
        AgreementReport report = AgreementCheck.Run(view);
        Assert.True(report.IsClean, string.Join("; ", report.Families.SelectMany(static f => f.Findings)));
        Assert.Equal(records, report.Records);
    }

    public async ValueTask DisposeAsync()
    {
        await ObservedStore.Finish(world, Engine.DisposeAsync().AsTask());
        world.Dispose();
    }

    private Dictionary<string, IPartitionScheme> Schemes() => PluginParts.Of(new PartitioningPlugin(), options =>
    {
        if (options is TimePartitionOptions time)
        {
            time.Interval = Interval;
        }
    }).Schemes;

    private static FamilyPart With(FamilyPart part, IPartitionScheme scheme) => new()
    {
        Name = part.Name,
        Projection = part.Projection,
        Structure = part.Structure,
        Partitions = scheme,
    };
}
