using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class ContractLaws
{
    private static readonly byte[] s_body = [1, 2, 3];

    [Fact]
    public async Task A_new_store_is_empty_and_durable()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        Assert.Equal(Lsn.None, store.Store.DurableLsn);
        store.Check();
    }

    [Fact]
    public async Task Planning_changes_nothing_and_depends_on_nothing_but_the_tail()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        store.Put(s_body);
        var first = new RecordLocation[3];
        var second = new RecordLocation[3];
        store.Store.Plan([1, 20_000, 5], first);
        store.Store.Plan([1, 20_000, 5], second);
        Assert.Equal(first, second);
        Assert.True(first[0] < first[1] && first[1] < first[2]);
        Assert.All(first, location => Assert.NotEqual(RecordLocation.None, location));
        store.Check();
    }

    [Fact]
    public async Task A_length_out_of_bounds_is_refused_before_any_change()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        int limit = store.Store.MaxRecordBytes;
        var locations = new RecordLocation[2];
        foreach (int wrong in (int[])[0, -1, limit + 1, int.MaxValue])
        {
            Assert.Throws<ArgumentOutOfRangeException>(() => store.Store.Plan([5, wrong], locations));
        }

        store.Put(new byte[limit]);
        store.Check();
    }

    [Fact]
    public async Task Records_of_every_size_around_a_boundary_come_back()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        int segment = (int)store.Options.SegmentSize.Bytes;
        int room = segment - SegmentHeader.Bytes - FrameFormat.HeaderBytes;
        int[] around = [1, 8, 32, 512, 4096, 4096 - FrameFormat.HeaderBytes, room, segment, 40 << 10];
        var random = new Random(3);
        foreach (int middle in around)
        {
            for (int length = Math.Max(1, middle - 9); length <= Math.Min(middle + 9, 40 << 10); length++)
            {
                store.Put(TestSeed.Bytes(random, length));
            }
        }

        store.Check();
        await store.Store.CheckpointAsync();
        await using LoggedStore reopened = await store.ReopenAsync();
        reopened.Check();
    }

    [Fact]
    public async Task A_segment_is_longer_than_asked_only_for_one_record_that_is()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        var random = new Random(4);
        for (int i = 0; i < 200; i++)
        {
            store.Put(TestSeed.Bytes(random, random.Next(10) == 0 ? 30_000 : random.Next(1, 2000)));
        }

        await store.Store.CheckpointAsync();
        var perSegment = store.Model.Records.GroupBy(record => record.Key >> 32).ToDictionary(g => g.Key, g => g.Count());
        foreach ((ulong number, int records) in perSegment)
        {
            int length = store.World.Disk.ReadAllBytes($"records/{SegmentFormat.SegmentName((uint)number)}").Length;
            Assert.True(length <= store.Options.SegmentSize.Bytes || records == 1, $"segment {number}: {length}");
        }
    }

    [Fact]
    public async Task A_batch_applied_again_changes_nothing()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation at = store.Put(s_body);
        store.Commit([], [at]);
        foreach (LoggedBatch batch in store.Log)
        {
            batch.ApplyTo(store.Store);
        }

        // The same mutations under a new LSN: already there, already deleted.
        var again = new LoggedBatch(
            store.Model.Lsn.Next, store.Log[0].Arena, [.. store.Log[0].Mutations, .. store.Log[1].Mutations]);
        again.ApplyTo(store.Store);
        Assert.Equal(again.Lsn, store.Store.AppliedLsn);
        store.Check();
    }

    [Fact]
    public async Task A_record_put_and_deleted_in_one_batch_is_dead()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        LoggedBatch put = store.Prepare([s_body], []);
        var both = put with
        {
            Mutations = [.. put.Mutations, new RecordMutation(RecordOperation.Delete, put.Mutations[0].Location, 0, 0)],
        };
        both.ApplyTo(store.Store);
        store.Model.Apply(both);
        store.Check();
        Assert.Equal(1, store.Store.Statistics.DeadRecords);
    }

    [Fact]
    public async Task A_batch_that_does_not_fit_is_refused_whole()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation at = store.Put(new byte[100]);
        LoggedBatch good = store.Prepare([s_body], [at]);
        RecordMutation put = good.Mutations[0];
        RecordMutation[][] wrong =
        [
            [put with { Location = new RecordLocation(put.Location.Value + 1) }],
            [put with { Location = new RecordLocation(put.Location.Value + (3UL << 32)) }],
            [put with { Location = RecordLocation.None }],
            [put with { Location = at }],
            [put with { Length = 0 }],
            [put with { Length = 4 }],
            [put with { Offset = -1 }],
            [put, put with { Operation = (RecordOperation)9 }],
            [put, new RecordMutation(RecordOperation.Delete, new RecordLocation(put.Location.Value + 1), 0, 0)],
            [put, new RecordMutation(RecordOperation.Delete, new RecordLocation(at.Value + 1), 0, 0)],
            [put, new RecordMutation(RecordOperation.Delete, RecordLocation.None, 0, 0)],
        ];
        foreach (RecordMutation[] mutations in wrong)
        {
            Assert.ThrowsAny<ArgumentException>(() => (good with { Mutations = mutations }).ApplyTo(store.Store));
            store.Check();
        }

        good.ApplyTo(store.Store);
        store.Model.Apply(good);
        store.Check();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_location_that_never_was_is_not_found(bool durable)
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation at = store.Put(new byte[200]);
        RecordLocation last = store.Put(new byte[200]);
        if (durable)
        {
            await store.Store.CheckpointAsync();
        }

        ulong[] wrong =
            [0, 1, ulong.MaxValue, at.Value - 1, at.Value + 1, at.Value + 3, last.Value + 28, at.Value + (1UL << 32)];
        foreach (ulong value in wrong)
        {
            var error = Assert.Throws<StorageException>(() => store.Store.Read(new RecordLocation(value)).Dispose());
            Assert.Equal(StorageErrorCode.NotFound, error.Code);
        }
    }

    [Fact]
    public async Task Many_records_come_in_the_order_asked_for_and_stop_when_told()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation a = store.Put([1]);
        RecordLocation b = store.Put([2]);
        var all = new Collector(int.MaxValue);
        store.Store.ReadMany([b, a, b], ref all);
        Assert.Equal([2, 1, 2], all.Seen.Select(seen => (int)seen.Body[0]));
        var two = new Collector(limit: 2);
        store.Store.ReadMany([b, a, b], ref two);
        Assert.Equal(2, two.Seen.Count);
        var one = new Collector(limit: 1);
        store.Store.Scan(ScanDirection.Backward, ref one);
        Assert.Equal(b, Assert.Single(one.Seen).Location);
    }

    [Fact]
    public async Task A_second_opening_is_refused_and_the_first_is_unharmed()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        store.Put(s_body);
        var error = await Assert.ThrowsAsync<StorageException>(async () =>
            await SegmentRecordStore.OpenAsync(store.World.Context(LoggedStore.Instance), store.Options, default));
        Assert.Equal(StorageErrorCode.Locked, error.Code);
        store.Check();
    }

    [Fact]
    public async Task A_closed_store_says_so_and_closing_twice_is_fine()
    {
        LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation at = store.Put(s_body);
        LoggedBatch next = store.Prepare([s_body], []);
        await Task.WhenAll(store.Store.DisposeAsync().AsTask(), store.Store.DisposeAsync().AsTask());
        Assert.Throws<ObjectDisposedException>(() => store.Store.Read(at).Dispose());
        Assert.Throws<ObjectDisposedException>(() => next.ApplyTo(store.Store));
        Assert.Throws<ObjectDisposedException>(() => store.Store.Plan([1], new RecordLocation[1]));
        Assert.Throws<ObjectDisposedException>(() =>
        {
            var sink = new Collector(int.MaxValue);
            store.Store.Scan(ScanDirection.Forward, ref sink);
        });
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await store.Store.CheckpointAsync());
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Fact]
    public async Task A_lease_outlives_the_closing_of_the_store()
    {
        LoggedStore store = await LoggedStore.OpenAsync();
        byte[] body = TestSeed.Bytes(new Random(1), 500);
        RecordLocation at = store.Put(body);
        await store.Store.CheckpointAsync();
        store = await store.ReopenAsync();
        HoldAcrossClosing(store, at, body);
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    [Fact]
    public async Task A_cancelled_checkpoint_has_no_effect_and_the_next_covers_it()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        store.Commit([], [store.Put(s_body)]);
        using var source = new CancellationTokenSource();
        await source.CancelAsync();
        var error = await Assert.ThrowsAnyAsync<OperationCanceledException>(async () =>
            await store.Store.CheckpointAsync(source.Token));
        Assert.Equal(source.Token, error.CancellationToken);
        Assert.Equal(Lsn.None, store.Store.DurableLsn);
        await store.Store.CheckpointAsync();
        await using LoggedStore reopened = await store.ReopenAsync();
        Assert.Equal(new Lsn(2), reopened.Store.DurableLsn);
    }

    [Fact]
    public async Task A_checkpoint_of_an_unchanged_store_writes_nothing()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        store.Put(s_body);
        await store.Store.CheckpointAsync();
        long before = store.World.Disk.Operations;
        await store.Store.CheckpointAsync();
        Assert.Equal(before, store.World.Disk.Operations);
        await using LoggedStore reopened = await store.ReopenAsync();
        await reopened.Store.CheckpointAsync();
        Assert.Equal(s_body.Length, reopened.Store.Statistics.LiveBytes);
    }

    [Fact]
    public async Task Batches_applied_during_a_checkpoint_are_not_part_of_it()
    {
        LoggedStore store = await LoggedStore.OpenAsync();
        RecordLocation first = store.Put(s_body);
        Task pending = store.Store.CheckpointAsync().AsTask();
        store.Commit([new byte[9000], new byte[9000]], [first]);
        await pending;
        Assert.Equal(new Lsn(1), store.Store.DurableLsn);
        LoggedStore after = await store.AfterPowerCutAsync(1, CrashModel.KeepAll);
        after.Check();
        await after.DisposeAsync();
    }

    [Fact]
    public async Task Disk_bytes_are_those_of_the_files()
    {
        await using LoggedStore store = await LoggedStore.OpenAsync();
        for (int i = 0; i < 100; i++)
        {
            store.Put(new byte[800]);
        }

        store.Commit([], [new RecordLocation(store.Model.Records.First().Key)]);
        await store.Store.CheckpointAsync();
        long bytes = store.World.Disk.FilePaths().Sum(path => (long)store.World.Disk.ReadAllBytes(path).Length);
        Assert.Equal(bytes, store.Store.Statistics.DiskBytes);
        await using LoggedStore reopened = await store.ReopenAsync();
        Assert.Equal(bytes, reopened.Store.Statistics.DiskBytes);
    }

    private static void HoldAcrossClosing(LoggedStore store, RecordLocation at, byte[] body)
    {
        RecordLease lease = store.Store.Read(at);
        store.Store.DisposeAsync().AsTask().GetAwaiter().GetResult();
        Assert.True(lease.Bytes.SequenceEqual(body));
        Assert.NotEmpty(store.World.Disk.OpenHandles);
        lease.Dispose();
    }
}
