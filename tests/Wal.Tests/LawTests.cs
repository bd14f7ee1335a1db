using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;
using Mortise.Wal.Examination;

namespace Mortise.Wal.Tests;

public class LawTests
{
    [Fact]
    public void Payloads_at_every_boundary_come_back_whole()
    {
        WalOptions options = Logs.Small();
        int segment = 64 << 10;
        int room = segment - 4096 - 40;
        int limit = 512 << 10;
        int[] sizes =
        [
            1, 2, 7, 8, 9, 471, 472, 473, 4055, 4056, 4057, room - 9, room - 8, room - 7, room - 1, room, room + 1,
            segment - 1, segment, segment + 1, 2 * segment, (256 << 10) - 40, (256 << 10) - 39, limit - 1, limit,
        ];
        using SimWorld world = Logs.World(21);
        var random = new Random(21);
        var all = new List<byte[]>();
        IWriteAheadLog log = Logs.Open(world, options);
        foreach (int size in (int[])[.. sizes, .. sizes.Reverse()])
        {
            all.Add(Logs.Payload(random, size));
            log.Append(all[^1]);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => log.Append([]));
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Append(new byte[limit + 1]));
        Assert.Equal((ulong)all.Count, log.LastLsn.Value);
        Assert.Equal(all, log.ReplayAll());
        log.Sync();
        using SimWorld next = world.AfterPowerCut(1, CrashModel.SyncedOnly);
        log = Logs.Open(next, options);
        Assert.Equal(all, log.ReplayAll());
        log.Close();
    }

    [Fact]
    public void The_numbers_survive_the_truncation_of_everything_and_every_restart()
    {
        using SimWorld world = Logs.World(22);
        IWriteAheadLog log = Logs.Open(world);
        for (ulong i = 1; i <= 50; i++)
        {
            Assert.Equal(i, log.Append(new byte[5000]).Value);
        }

        log.Sync();
        log.Truncate(log.LastLsn.Next);
        Assert.True(log.FirstLsn.Value > 40);
        Assert.Equal(1, log.Statistics.Segments);
        log.Close();
        log = Logs.Open(world);
        Assert.Equal(new Lsn(50), log.LastLsn);
        Assert.Equal(new Lsn(51), log.Append([1]));
        using SimWorld killed = world.AfterProcessDeath();
        log = Logs.Open(killed);
        Assert.Equal(new Lsn(52), log.Append([1]));
        log.Close();
    }

    [Fact]
    public void Truncation_never_drops_a_record_that_is_kept_and_says_what_is_gone()
    {
        using SimWorld world = Logs.World(23);
        IWriteAheadLog log = Logs.Open(world);
        var random = new Random(23);
        var all = new List<byte[]>();
        for (int i = 0; i < 200; i++)
        {
            all.Add(Logs.Payload(random, 2500));
            log.Append(all[^1]);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => log.Truncate(log.DurableLsn.Next.Next));
        log.Sync();
        for (ulong keep = 1; keep <= 201; keep += 10)
        {
            log.Truncate(new Lsn(keep));
            Assert.True(log.FirstLsn.Value <= keep);
            Assert.Equal(all[((int)log.FirstLsn.Value - 1)..], log.ReplayAll());
        }

        Assert.True(log.FirstLsn.Value > 150);
        StorageException e = Assert.Throws<StorageException>(() => log.ReplayAll(new Lsn(1)));
        Assert.Equal(StorageErrorCode.Truncated, e.Code);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Truncate(new Lsn(202)));
        log.Close();
    }

    [Fact]
    public void A_replay_survives_the_truncation_of_what_it_reads()
    {
        // Larger than one read, so that the replay comes back to the file after it was given away.
        var options = new WalOptions { SegmentSize = ByteSize.MiB(3), Prewrite = ByteSize.MiB(3) };
        using SimWorld world = Logs.World(24);
        IWriteAheadLog log = Logs.Open(world, options);
        for (int i = 0; i < 20; i++)
        {
            log.Append(new byte[400_000]);
        }

        log.Sync();
        var sink = new TruncatingSink { Log = log };
        log.Replay(new Lsn(1), ref sink);
        Assert.Equal(7ul, sink.Seen);
        log.Close();
    }

    private struct TruncatingSink : ILogSink
    {
        public required IWriteAheadLog Log { get; init; }

        public ulong Seen { get; private set; }

        public bool Accept(Lsn lsn, ReadOnlySpan<byte> payload)
        {
            Seen = lsn.Value;
            if (lsn.Value == 2)
            {
                Log.Truncate(Log.LastLsn.Next);
                for (int i = 0; i < 20; i++)
                {
                    byte[] other = new byte[400_000];
                    other.AsSpan().Fill(1);
                    Log.Append(other);
                }
            }

            Assert.Equal(-1, payload.IndexOfAnyExcept((byte)0));
            return lsn.Value < 7;
        }
    }

    [Fact]
    public void A_restart_discards_everything_and_is_durable_when_it_returns()
    {
        using SimWorld world = Logs.World(25);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < 30; i++)
        {
            log.Append(new byte[5000]);
        }

        Assert.Throws<ArgumentOutOfRangeException>(() => log.Restart(new Lsn(30)));
        log.Restart(new Lsn(1000));
        Assert.Equal((new Lsn(1000), new Lsn(999), new Lsn(999)), (log.FirstLsn, log.LastLsn, log.DurableLsn));
        Assert.Empty(log.ReplayAll());
        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            using SimWorld cut = world.AfterPowerCut(1, model);
            IWriteAheadLog after = Logs.Open(cut);
            Assert.Equal((new Lsn(1000), new Lsn(999)), (after.FirstLsn, after.LastLsn));
            Assert.Equal(new Lsn(1000), after.Append([1]));
            after.Close();
        }

        Assert.Equal(new Lsn(1000), log.Append([5]));
        log.Close();
        log = Logs.Open(world);
        Assert.Equal([[5]], log.ReplayAll());
        log.Close();
    }

    [Fact]
    public void A_restart_cut_short_at_any_operation_leaves_the_old_log_or_the_new()
    {
        for (int cut = 1; ; cut++)
        {
            using SimWorld world = Logs.World(26);
            IWriteAheadLog log = Logs.Open(world);
            for (int i = 0; i < 30; i++)
            {
                log.Append(new byte[5000]);
            }

            log.Sync();
            world.Disk.CutPowerAt(world.Disk.Operations + cut);
            bool done = false;
            try
            {
                log.Restart(new Lsn(100));
                done = true;
                log.Close();
                break;
            }
            catch (SimulatedPowerCutException)
            {
            }

            foreach (CrashModel model in Enum.GetValues<CrashModel>())
            {
                using SimWorld next = world.AfterPowerCut((ulong)cut, model);
                log = Logs.Open(next);
                Assert.True(log.LastLsn.Value == 99 || (!done && log.LastLsn.Value == 30 && log.FirstLsn.Value == 1));
                Assert.Equal((int)(log.LastLsn.Value + 1 - log.FirstLsn.Value), log.ReplayAll().Count);
                log.Close();
            }
        }
    }

    [Fact]
    public void A_second_open_is_refused_and_harms_nothing()
    {
        using SimWorld world = Logs.World(27);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1]);
        Assert.Equal(StorageErrorCode.Locked, Assert.Throws<StorageException>(() => Logs.Open(world)).Code);
        log.Append([2]);
        log.Close();
        log = Logs.Open(world);
        Assert.Equal([[1], [2]], log.ReplayAll());
        log.Close();
    }

    [Fact]
    public async Task Every_call_after_closing_says_so()
    {
        using SimWorld world = Logs.World(28);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1]);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(async () => await log.DisposeAsync())));
        Assert.Throws<ObjectDisposedException>(() => log.Append([1]));
        Assert.Throws<ObjectDisposedException>(() => log.ReplayAll());
        Assert.Throws<ObjectDisposedException>(() => log.Truncate(new Lsn(1)));
        Assert.Throws<ObjectDisposedException>(() => log.Restart(new Lsn(9)));
        await Assert.ThrowsAsync<ObjectDisposedException>(async () => await log.SyncAsync(new Lsn(1)));
        Assert.Empty(world.Disk.OpenHandles);
    }

    [Fact]
    public void A_cancelled_token_stops_before_any_effect()
    {
        using SimWorld world = Logs.World(29);
        IWriteAheadLog log = Logs.Open(world);
        log.Append([1]);
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.True(log.SyncAsync(log.LastLsn, cancelled.Token).AsTask().IsCanceled);
        Assert.Equal(Lsn.None, log.DurableLsn);
        log.Sync();
        Assert.Equal(new Lsn(1), log.DurableLsn);
        Assert.Throws<ArgumentOutOfRangeException>(() => log.Sync(new Lsn(2)));
        log.Close();
        Assert.Throws<OperationCanceledException>(() =>
            SegmentedLog.OpenAsync(world.Context("wal"), Logs.Small(), cancelled.Token)
                .AsTask().GetAwaiter().GetResult());
        Assert.Empty(world.Disk.OpenHandles);
    }

    [Fact]
    public void An_idle_log_writes_nothing()
    {
        using SimWorld world = Logs.World(30);
        IWriteAheadLog log = Logs.Open(world);
        log.Append(new byte[100]);
        log.Sync();
        world.Background.RunAll();
        long before = world.Disk.Operations;
        world.Clock.Advance(TimeSpan.FromDays(1));
        world.Background.RunAll();
        log.Sync();
        log.Truncate(log.LastLsn.Next);
        Assert.Equal(before, world.Disk.Operations);
        log.Close();
    }

    [Fact]
    public void A_dump_shows_every_record_also_past_damage_and_of_a_log_that_will_not_open()
    {
        using SimWorld world = Logs.World(31);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < 20; i++)
        {
            log.Append([(byte)i, 2, 3]);
            log.Sync();
        }

        using SimWorld next = world.AfterProcessDeath();
        next.Disk.FlipBit(Logs.LastSegment(next), 4096 + (48 * 9) + 41, 0);
        Assert.Throws<StorageException>(() => Logs.Open(next));
        var states = new List<(ulong, LogDumpState)>();
        long before = next.Disk.Operations;
        bool Visit(in LogDumpRecord r, ReadOnlySpan<byte> p)
        {
            states.Add((r.Lsn.Value, r.State));
            Assert.True(p.IsEmpty || p.SequenceEqual((byte[])[(byte)(r.Lsn.Value - 1), 2, 3]));
            Assert.True(p.IsEmpty || r.Time == world.Clock.GetUtcNow());
            return true;
        }

        new WalExaminer().Dump(next.Directory("wal"), new Lsn(8), new Lsn(12), Visit, default);
        Assert.Equal(
        [
            (8, LogDumpState.Whole), (9, LogDumpState.Whole), (10, LogDumpState.Damaged),
            (11, LogDumpState.BehindDamage), (12, LogDumpState.BehindDamage),
        ], states);
        Assert.Equal(before, next.Disk.Operations);
    }

    [Fact]
    public void A_torn_tail_is_no_finding()
    {
        using SimWorld world = Logs.World(32);
        IWriteAheadLog log = Logs.Open(world);
        log.Append(new byte[100]);
        log.Sync();
        log.Append(new byte[100]);
        using SimWorld next = world.AfterProcessDeath();
        next.Disk.FlipBit(Logs.LastSegment(next), 4096 + 144 + 99, 1);
        var findings = new List<Finding>();
        ExaminationSummary summary = new WalExaminer().Examine(
            next.Directory("wal"), next.StoreId, findings.Add, default);
        Assert.Empty(findings);
        Assert.Equal(1, summary.Items);
        Assert.Contains(summary.Notes, n => n.StartsWith("torn tail: 144 bytes", StringComparison.Ordinal));
    }

    [Fact]
    public void A_log_keeps_segments_for_reuse_while_it_is_open_and_gives_them_back_when_it_is_closed()
    {
        using SimWorld world = Logs.World(17);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < 20; i++)
        {
            log.Append(new byte[15000]);
        }

        log.Sync();
        log.Truncate(log.LastLsn.Next);
        Lsn last = log.LastLsn;
        Assert.Contains(world.Disk.FilePaths(), IsSpare);
        log.Close();
        Assert.DoesNotContain(world.Disk.FilePaths(), IsSpare);

        using SimWorld next = world.AfterProcessDeath();
        log = Logs.Open(next);
        Assert.True(log.Recovery.WasClean);
        Assert.Equal(last.Next, log.Append([1]));
        log.Close();

        static bool IsSpare(string path) => path.Contains("spare", StringComparison.Ordinal);
    }
}
