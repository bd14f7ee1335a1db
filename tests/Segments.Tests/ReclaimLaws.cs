using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class ReclaimLaws
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_reclaimed_segment_is_gone_with_its_file_and_its_locations(bool canMap)
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options, canMap: canMap);
        RecordLocation[] all = Fill(store, 30);
        uint first = SegmentAddress.Of(all[0]).Segment;
        await store.Store.CheckpointAsync();
        long before = store.Store.Statistics.DiskBytes;
        await store.ReclaimAsync(first);
        store.Check();
        Assert.DoesNotContain(SegmentFormat.SegmentName(first), Files(store));
        var error = Assert.Throws<StorageException>(() => store.Store.Read(all[0]).Dispose());
        Assert.Equal(StorageErrorCode.NotFound, error.Code);
        Assert.True(store.Store.Statistics.DiskBytes < before + Workload.Options.SegmentSize.Bytes);

        store = await store.ReopenAsync();
        store.Commit([], [all[0]]);
        store.Check();
        await store.DisposeAsync();
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Fact]
    public async Task A_segment_with_a_live_record_or_a_tail_is_never_reclaimed()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        RecordLocation[] all = Fill(store, 30);
        Assert.True(store.Store.TryGet(out IReclaimable? reclaimable));
        uint first = SegmentAddress.Of(all[0]).Segment;
        uint last = SegmentAddress.Of(all[^1]).Segment;
        await store.Store.CheckpointAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await reclaimable.ReclaimAsync((int)first));

        // Deleted, but not as far as the last checkpoint knows: a crash now would bring them back.
        store.Commit([], store.Model.Live(first));
        store.Commit([], store.Model.Live(last));
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await reclaimable.ReclaimAsync((int)first));
        await store.Store.CheckpointAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(async () => await reclaimable.ReclaimAsync((int)last));
        foreach (int wrong in (int[])[0, -1, int.MaxValue])
        {
            var error = await Assert.ThrowsAsync<StorageException>(async () => await reclaimable.ReclaimAsync(wrong));
            Assert.Equal(StorageErrorCode.NotFound, error.Code);
        }

        store.Check();
    }

    [Fact]
    public async Task Reclaiming_does_not_move_the_durable_point()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        RecordLocation[] all = Fill(store, 30);
        uint first = SegmentAddress.Of(all[0]).Segment;
        RecordLocation[] live = store.Model.Live(first);
        store.Commit([.. live.Select(store.Model.Body)], live);
        await store.Store.CheckpointAsync();
        Lsn durable = store.Store.DurableLsn;
        store.Put([1]);
        Assert.True(store.Store.TryGet(out IReclaimable? reclaimable));
        store.Reclaims.Attempted.Add(first);
        await reclaimable.ReclaimAsync((int)first);
        store.Model.Reclaim(first);
        Assert.Equal(durable, store.Store.DurableLsn);
        store.Check();
        LoggedStore after = await store.AfterPowerCutAsync(1, CrashModel.SyncedOnly);
        Assert.Equal(durable, after.DurableAtOpen);
        after.Check();
        await after.DisposeAsync();
    }

    [Fact]
    public async Task A_lease_on_a_reclaimed_segment_stays_readable()
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        RecordLocation[] all = Fill(store, 30);
        uint first = SegmentAddress.Of(all[0]).Segment;
        RecordLocation[] live = store.Model.Live(first);
        byte[] body = store.Model.Body(all[0]);
        store.Commit([.. live.Select(store.Model.Body)], live);
        await store.Store.CheckpointAsync();
        store = await store.ReopenAsync();
        HoldAcrossReclaiming(store, all[0], (int)first, body);
        store.Model.Reclaim(first);
        store.Check();
        await store.DisposeAsync();
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, true)]
    [InlineData(false, false)]
    [InlineData(true, false)]
    public async Task Many_segments_need_few_descriptors(bool packed, bool canMap)
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.OptionsOf(packed), canMap: canMap);
        for (int i = 0; i < 40; i++)
        {
            Fill(store, 30);
            await store.Store.CheckpointAsync();
        }

        Assert.True(store.Store.Statistics.Segments > 100);
        Assert.InRange(store.World.Disk.OpenHandles.Count, 1, 4);
        store.Check();
        Assert.InRange(store.World.Disk.OpenHandles.Count, 1, 4);
        store = await store.ReopenAsync();
        store.Check();
        Assert.InRange(store.World.Disk.OpenHandles.Count, 1, 4);
        await store.DisposeAsync();
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Fact]
    public async Task Space_comes_back_and_tombstones_and_dropped_names_are_forgotten()
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        for (int round = 0; round < 20; round++)
        {
            RecordLocation[] all = Fill(store, 20);
            store.Commit([], [.. all.Skip(2)]);
            await store.Store.CheckpointAsync();
            foreach (uint segment in store.Model.Segments().Order().SkipLast(1).ToArray())
            {
                await store.ReclaimAsync(segment);
            }
        }

        store.Put([1]);
        await store.Store.CheckpointAsync();
        RecordStoreStatistics statistics = store.Store.Statistics;
        Assert.True(statistics.DeadRecords < 60, $"{statistics}");
        byte[] bytes = store.World.Disk.ReadAllBytes("records/checkpoint");
        CheckpointState state = CheckpointFormat.Decode(bytes, store.World.StoreId, "checkpoint");
        Assert.Empty(state.Dropped);
        Assert.True(state.Tombstones.Count <= statistics.DeadRecords * 2 + 40, $"{state.Tombstones}, {statistics}");
        Assert.Single(Files(store), name => name.StartsWith(SegmentFormat.TombstonePrefix, StringComparison.Ordinal));
        Assert.Equal(statistics.Segments, Files(store).Count(name => name.EndsWith(".seg", StringComparison.Ordinal)));
        store = await store.ReopenAsync();
        await store.DisposeAsync();
    }

    [Fact]
    public async Task Bytes_that_a_crash_left_behind_are_overwritten_or_cut_off()
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: LoggedStore.SmallOptions);
        store.Put(new byte[100]);
        await store.Store.CheckpointAsync();
        for (int i = 0; i < 40; i++)
        {
            store.Put(TestSeed.Bytes(new Random(i), 1000));
        }

        // The bytes reach their files, the checkpoint that counts them does not.
        store.World.Disk.Plant(SimOperationKind.Write, "records/checkpoint.new", 1, SimFaultEffect.NoSpace);
        await Assert.ThrowsAsync<StorageException>(async () => await store.Store.CheckpointAsync());
        SimWorld world = store.World.AfterProcessDeath();
        Assert.True(world.Disk.ReadAllBytes("records/seg-0000000001.seg").Length > 15_000);
        world.Disk.ClearFaults();

        // Commits that never became durable are gone, and other ones follow, in smaller segments.
        store.Log.RemoveRange(1, store.Log.Count - 1);
        LoggedStore next = await LoggedStore.OpenAsync(world, Workload.Options, store.Log, store.Reclaims);
        next.Put(new byte[2500]);
        next.Put(new byte[3000]);
        await next.Store.CheckpointAsync();
        Assert.True(next.Store.TryGet(out IRecordStaging? staging));
        staging.Unstage();
        next.Check();
        CheckpointState state = CheckpointFormat.Decode(
            world.Disk.ReadAllBytes("records/checkpoint"), world.StoreId, "checkpoint");
        Assert.Equal(2, state.Segments.Count);
        Assert.All(state.Segments, entry => Assert.Equal(
            entry.End, world.Disk.ReadAllBytes($"records/{SegmentFormat.SegmentName(entry.Number)}").Length));
        await next.DisposeAsync();
    }

    private static RecordLocation[] Fill(LoggedStore store, int records)
    {
        var random = new Random(records);
        var all = new RecordLocation[records];
        for (int i = 0; i < records; i++)
        {
            all[i] = store.Put(TestSeed.Bytes(random, 700));
        }

        return all;
    }

    private static List<string> Files(LoggedStore store) =>
        [.. store.World.Disk.FilePaths().Select(path => path.Split('/')[^1])];

    private static void HoldAcrossReclaiming(LoggedStore store, RecordLocation at, int segment, byte[] body)
    {
        Assert.True(store.Store.TryGet(out IReclaimable? reclaimable));
        using RecordLease lease = store.Store.Read(at);
        reclaimable.ReclaimAsync(segment).AsTask().GetAwaiter().GetResult();
        Assert.True(lease.Bytes.SequenceEqual(body));
    }
}
