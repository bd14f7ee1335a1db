using Mortise.Conformance;
using Mortise.Engine.Tests.Families;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Files;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Retention;

/// <summary>Dropping costs the same for few records and for many; until they are deleted, nobody sees them, whatever
/// happens.</summary>
public sealed class PendingDropTests
{
    private const long Day = PartitionedStore.Day;
    private const long Begin = PartitionedStore.Begin;
    private const int Days = 90;

    [Fact]
    public async Task Dropping_costs_the_same_for_few_records_and_for_many()
    {
        var costs = new List<Cost>();
        foreach (int records in (int[])[90, 900, 9000])
        {
            costs.Add(await CostOfAsync(records));
        }

        Assert.All(costs, cost => Assert.Equal(costs[0], cost));
        Assert.Equal(1, costs[0].Commits);
        Assert.InRange(costs[0].Projected, 1, 20);
    }

    [Fact]
    public async Task Nobody_sees_what_was_dropped_and_each_way_of_asking_says_the_same()
    {
        await using PartitionedStore store = await FilledAsync();
        StoreView before = store.Engine.OpenView();
        RangeDropReport report = await store.DropAsync(Begin + (60 * Day), leavesSpace: true);
        Assert.Equal(59, report.Ranges.Sum(static range => range.Records));
        RequirePending(store);
        Assert.True(AgreementCheck.Run(before).Families[1].Problems == 0);
        Assert.True(Finds(before, 5));
        before.Dispose();

        await store.CleanAsync();
        store.RequireAgreement(Days - 59);
        Assert.Equal((Days - 59, 59), Counts(store));
        Lsn last = store.Engine.GetStatistics().Lsn;
        await store.CleanAsync();
        Assert.Equal(last, store.Engine.GetStatistics().Lsn);
    }

    [Fact]
    public async Task What_is_left_is_out_of_force_after_a_restart_and_deleted_by_the_next_run()
    {
        await using PartitionedStore store = await DroppedAsync();
        await store.ReopenAsync();
        Assert.Empty(store.Engine.OpenReport.Rebuilt);
        RequirePending(store);
        await store.CleanAsync();
        store.RequireAgreement(Days - 59);
        await store.ReopenAsync();
        Assert.Equal((Days - 59, 59), Counts(store));
        store.RequireAgreement(Days - 59);
    }

    [Fact]
    public async Task A_rebuild_and_an_exchange_of_families_pass_over_it()
    {
        await using PartitionedStore store = await DroppedAsync();
        await store.ReopenAsync(rebuild: ["id", "group"]);
        Assert.Equal(2, store.Engine.OpenReport.Rebuilt.Count);
        RequirePending(store);
        await ObservedStore.Finish(store.World, store.MigrateAsync(TimeInterval.Yearly));
        RequirePending(store);
        await store.CleanAsync();
        store.RequireAgreement(Days - 59);
    }

    [Fact]
    public async Task A_record_that_was_dropped_is_put_again_at_once_and_stays()
    {
        await using PartitionedStore store = await DroppedAsync();
        await store.PutAsync(5, Begin + (5 * Day));
        await store.PutAsync([(6, Begin + (6 * Day)), (6, Begin + (7 * Day)), (80, Begin + (8 * Day))]);
        store.RequireAgreement(Days - 59 + 2);
        Assert.Equal(Days - 59 + 2, Counts(store).Live);
        await store.ReopenAsync();
        store.RequireAgreement(Days - 59 + 2);
        await store.CleanAsync();
        store.RequireAgreement(Days - 59 + 2);
        using (StoreView view = store.Engine.OpenView())
        {
            Assert.True(Finds(view, 5) && Finds(view, 6) && !Finds(view, 7));
        }

        // It has the age that it had: the next run drops it again.
        await store.DropAsync(Begin + (60 * Day));
        store.RequireAgreement(Days - 59 - 1);
    }

    [Fact]
    public async Task A_range_may_be_dropped_again_before_the_first_of_its_records_are_deleted()
    {
        await using PartitionedStore store = await DroppedAsync();
        await store.PutAsync([(500, Begin + Day), (501, Begin + (40 * Day))]);
        RangeDropReport report = await store.DropAsync(Begin + (60 * Day), static id => id == 501, leavesSpace: true);
        Assert.Equal((1, 1), (report.Ranges.Sum(static r => r.Records), report.Ranges.Sum(static r => r.Kept)));
        store.RequireAgreement(Days - 59 + 1);
        await store.CleanAsync();
        store.RequireAgreement(Days - 59 + 1);
    }

    [Fact]
    public async Task Compaction_deletes_what_is_left_before_it_moves_anything()
    {
        await using PartitionedStore store = await DroppedAsync();
        await ObservedStore.Finish(store.World, store.Engine.CompactAsync(new CompactionOptions { IncludesAll = true }).AsTask());
        Assert.Equal(59, store.Engine.Records.Statistics.DeadRecords);
        store.RequireAgreement(Days - 59);
        await store.ReopenAsync();
        Assert.Null(ManifestFile.TryRead(store.World.Disk.Root)!.Drops);
        store.RequireAgreement(Days - 59);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_copy_does_not_bring_it_back(bool isRenewed)
    {
        await using PartitionedStore store = await FilledAsync();
        IStorageDirectory target = store.World.Disk.Root.OpenDirectory("copy");
        if (isRenewed)
        {
            await ObservedStore.Finish(store.World, store.Engine.BackupAsync(target).AsTask());
        }

        await store.DropAsync(Begin + (60 * Day), leavesSpace: true);
        await ObservedStore.Finish(store.World, store.Engine.BackupAsync(target).AsTask());
        StoreComposition stack = SimStacks.Compose(store.World, SyncMode.Never, SimStacks.BTree);
        StoreEngine copy = await ObservedStore.Finish(
            store.World,
            StoreEngine.OpenAsync(stack with { Root = target }, SimProjections.All, new SimPlanner()).AsTask());
        using (StoreView view = copy.OpenView())
        {
            AgreementReport report = AgreementCheck.Run(view);
            Assert.True(report.IsClean);
            Assert.Equal(Days - 59, report.Records);
        }

        await ObservedStore.Finish(store.World, copy.CleanDroppedAsync().AsTask());
        Assert.Equal(Days - 59, copy.GetStatistics().Records.LiveRecords);
        await ObservedStore.Finish(store.World, copy.DisposeAsync().AsTask());
    }

    [Fact]
    public async Task A_damaged_record_stops_the_deleting_and_nothing_comes_back()
    {
        await using PartitionedStore store = await DroppedAsync();
        await store.ReopenAsync();
        byte[] record = SimRecord.Make(10, 10 % 3, Begin + (10 * Day), 100, 10);
        (string path, int at) = store.World.Disk.FilePaths()
            .Where(static path => path.EndsWith(".seg", StringComparison.Ordinal))
            .Select(path => (path, store.World.Disk.ReadAllBytes(path).AsSpan().IndexOf(record)))
            .Single(static found => found.Item2 >= 0);
        store.World.Disk.FlipBit(path, at + 20, bit: 0);
        StorageException damage = await Assert.ThrowsAsync<StorageException>(store.CleanAsync);
        Assert.Equal(StorageErrorCode.Corrupt, damage.Code);

        // In the background it is told once, and nothing else is kept from its work.
        await store.PackAsync();
        await store.PackAsync();
        Assert.Single(store.World.Log.Messages, static m => m.Message.Contains("stay out of force", StringComparison.Ordinal));
        Assert.Null(store.Engine.FaultCause);
        using StoreView view = store.Engine.OpenView();
        Assert.False(Finds(view, 40));
        Assert.True(Finds(view, 70));
        Assert.Equal(Days - 59, store.CountByTime(Begin, Begin + (Days * Day)));
    }

    private static async Task<Cost> CostOfAsync(int records)
    {
        long projected = 0;
        var counted = SimProjections.All.ToDictionary(
            static pair => pair.Key, pair => (IKeyProjection)new CountedProjection(pair.Value, () => projected++));
        await using var store = new PartitionedStore(new SimWorld(1), TimeInterval.Monthly, 256)
        {
            Mode = SyncMode.Always,
            Projections = counted,
        };
        await store.OpenAsync();
        for (int first = 0; first < records; first += 90)
        {
            await store.PutAsync([.. Enumerable.Range(first, 90).Select(i => ((int, long))(i, Begin + (i % Days * Day)))]);
        }

        await ObservedStore.Finish(store.World, store.Engine.CheckpointAsync().AsTask());
        projected = 0;
        int asked = 0;
        EngineStatistics before = store.Engine.GetStatistics();
        long operations = store.World.Disk.Operations;
        RangeDropReport report = await store.DropAsync(
            Begin + (Days * Day) + Day,
            id =>
            {
                asked++;
                return id == 7;
            },
            leavesSpace: true,
            mayKeep: (view, range) => range.Contains(Begin + (7 * Day)) ? [Find(view, 7)!.Value] : []);
        Assert.Equal(records - 1, report.Ranges.Sum(static range => range.Records));
        Assert.Equal(3, report.Ranges.Sum(static range => range.Partitions));
        EngineStatistics after = store.Engine.GetStatistics();
        var cost = new Cost(
            after.Log.Appends - before.Log.Appends, store.World.Disk.Operations - operations, asked, projected);
        store.RequireAgreement(1);
        await store.CleanAsync();
        store.RequireAgreement(1);
        Assert.Single(store.Directories());
        return cost;
    }

    private static RecordLocation? Find(StoreView view, long id) =>
        view.Families[0].TryFind(SimRecord.IdKey(id), out RecordLocation location) ? location : null;

    private static bool Finds(StoreView view, long id) => Find(view, id) is not null;

    private static (long Live, long Dead) Counts(PartitionedStore store)
    {
        RecordStoreStatistics records = store.Engine.GetStatistics().Records;
        return (records.LiveRecords, records.DeadRecords);
    }

    private static void RequirePending(PartitionedStore store)
    {
        store.RequireAgreement(Days - 59);
        Assert.Equal((Days - 59, 59), Counts(store));
        using StoreView view = store.Engine.OpenView();
        Assert.False(Finds(view, 5));
        Assert.True(Finds(view, 65));
        var scan = default(CountSink);
        view.ScanRecords(ScanDirection.Backward, ref scan);
        Assert.Equal(Days - 59, scan.Count);
        foreach (FamilyView family in view.Families)
        {
            var entries = default(CountSink);
            for (int i = 0; i < family.PartitionCount; i++)
            {
                family.Scan(i, KeyRange.All, ref entries);
            }

            Assert.Equal(Days - 59, entries.Count);
        }

        byte[] keys = [.. new long[] { 10, 20, 30, 70 }.SelectMany(SimRecord.IdKey)];
        var first = new FirstSink([]);
        view.Families[0].ScanFirst(0, new KeyRanges(keys, [8, 16, 24, 32]), ref first);
        Assert.Equal([(1, Convert.ToHexString(SimRecord.IdKey(59)))], first.Found);

        using FamilyCursor cursor = view.Families[0].OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
        Assert.True(cursor.Seek(SimRecord.IdKey(10)));
        Assert.Equal(SimRecord.IdKey(59), cursor.Key.ToArray());
    }

    /// <summary>A day a record from 2021-01-01 on, and January and February dropped.</summary>
    private static async Task<PartitionedStore> DroppedAsync()
    {
        PartitionedStore store = await FilledAsync();
        await store.DropAsync(Begin + (60 * Day), leavesSpace: true);
        return store;
    }

    private static async Task<PartitionedStore> FilledAsync()
    {
        PartitionedStore store = await PartitionedStore.OpenAsync(TimeInterval.Monthly);
        for (int day = 0; day < Days; day++)
        {
            await store.PutAsync(day, Begin + (day * Day));
        }

        return store;
    }

    /// <summary>What happened until the records were out of force.</summary>
    private sealed record Cost(long Commits, long DiskOperations, int Asked, long Projected);

    private struct CountSink : IRecordSink, IFamilySink
    {
        public int Count { get; private set; }

        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info) => ++Count > 0;

        public bool Accept(ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline) => ++Count > 0;
    }

    private readonly struct FirstSink(List<(int Range, string Key)> found) : IFamilyFirstSink
    {
        public List<(int Range, string Key)> Found => found;

        public bool Accept(int range, ReadOnlySpan<byte> key, RecordLocation location, ReadOnlySpan<byte> inline)
        {
            found.Add((range, Convert.ToHexString(key)));
            return true;
        }
    }

    private sealed class CountedProjection(IKeyProjection inner, Action count) : IKeyProjection
    {
        public string Name => inner.Name;

        public int FormatVersion => inner.FormatVersion;

        public LocationPlacement Placement => inner.Placement;

        public int MaxKeyBytes => inner.MaxKeyBytes;

        public void Project(ReadOnlySpan<byte> record, IKeySink sink)
        {
            count();
            inner.Project(record, sink);
        }
    }
}
