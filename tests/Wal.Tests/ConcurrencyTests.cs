using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

public class ConcurrencyTests
{
    [Fact]
    public async Task Appends_and_syncs_from_many_threads_keep_each_ones_order_and_none_returns_early()
    {
        using SimWorld world = Logs.World(51);
        IWriteAheadLog log = Logs.Open(world);
        const int writers = 16;
        const int each = 200;
        using var gate = new Barrier(writers);
        await Task.WhenAll(Enumerable.Range(0, writers).Select(w => Task.Factory.StartNew(() =>
        {
            gate.SignalAndWait();
            byte[] payload = new byte[16];
            payload[0] = (byte)w;
            for (int i = 0; i < each; i++)
            {
                payload[1] = (byte)i;
                Lsn lsn = log.Append(payload);
                log.Sync(lsn);
                Assert.True(log.DurableLsn >= lsn);
            }
        }, TaskCreationOptions.LongRunning)));
        List<byte[]> all = log.ReplayAll();
        Assert.Equal(writers * each, all.Count);
        byte[] next = new byte[writers];
        foreach (byte[] payload in all)
        {
            Assert.Equal(next[payload[0]]++, payload[1]);
        }

        Assert.Equal(writers * each, log.Statistics.Appends);
        log.Close();
    }

    [Fact]
    public async Task A_sync_under_way_is_shared_by_all_who_come_meanwhile_and_blocks_no_append()
    {
        using SimWorld world = Logs.World(52);
        using var held = new HeldSyncs(world.Directory("wal"));
        IWriteAheadLog log = Logs.Open(held.Context(world));
        log.Append([1]);
        held.Hold();
        Task first = Task.Run(() => log.Sync(new Lsn(1)));
        held.WaitUntilOneIsHeld();
        var waiters = new List<Task>();
        for (ulong i = 2; i <= 50; i++)
        {
            Lsn lsn = log.Append([(byte)i]);
            waiters.Add(log.SyncAsync(lsn).AsTask());
        }

        using var impatient = new CancellationTokenSource();
        Task cancelled = log.SyncAsync(log.LastLsn, impatient.Token).AsTask();
        await impatient.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.All(waiters, w => Assert.False(w.IsCompleted));
        long before = log.Statistics.Syncs;
        held.Release();
        await first;
        await Task.WhenAll(waiters);
        Assert.Equal(log.LastLsn, log.DurableLsn);
        Assert.Equal(before + 2, log.Statistics.Syncs);
        log.Close();
    }

    [Fact]
    public async Task All_who_share_a_sync_that_fails_hear_of_it()
    {
        using SimWorld world = Logs.World(53);
        using var held = new HeldSyncs(world.Directory("wal"));
        IWriteAheadLog log = Logs.Open(held.Context(world));
        log.Append([1]);
        held.Hold();
        Task first = Task.Run(() => log.Sync(new Lsn(1)));
        held.WaitUntilOneIsHeld();
        Task[] waiters = [.. Enumerable.Range(0, 8).Select(_ => log.SyncAsync(log.Append([2])).AsTask())];
        world.Disk.Plant(SimOperationKind.Sync, "*", 1, SimFaultEffect.SyncFailed);
        held.Release();
        foreach (Task task in (Task[])[first, .. waiters])
        {
            StorageException e = await Assert.ThrowsAsync<StorageException>(() => task);
            Assert.Equal(StorageErrorCode.SyncFailed, e.Code);
        }

        Assert.Equal(Lsn.None, log.DurableLsn);
        log.Close();
    }

    [Fact]
    public async Task Replay_beside_appends_sees_a_prefix_and_never_a_torn_record()
    {
        using SimWorld world = Logs.World(54);
        IWriteAheadLog log = Logs.Open(world);
        const int records = 3000;
        Task writing = Task.Run(() =>
        {
            var random = new Random(54);
            for (int i = 1; i <= records; i++)
            {
                byte[] payload = new byte[8 + random.Next(500)];
                payload.AsSpan().Fill((byte)i);
                log.Append(payload);
                if (i % 64 == 0)
                {
                    log.Sync();
                }
            }
        });
        int seen = 0;
        while (seen < records)
        {
            Lsn last = log.LastLsn;
            List<byte[]> all = log.ReplayAll();
            Assert.True((ulong)all.Count >= last.Value);
            for (int i = 0; i < all.Count; i++)
            {
                Assert.Equal(-1, all[i].AsSpan().IndexOfAnyExcept((byte)(i + 1)));
            }

            seen = all.Count;
        }

        await writing;
        log.Close();
    }
}
