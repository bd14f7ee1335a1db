using Mortise.Conformance;
using Mortise.Logging;

namespace Mortise.Wal.Tests;

/// <summary>What a log leaves behind when it is closed.</summary>
public class ClosingTests
{
    private const int Records = 60;
    private const int RecordBytes = 500;

    /// <summary>A 64th of the segments of 64 KiB.</summary>
    private const int KeptBytes = 1 << 10;

    [Fact]
    public void A_log_that_nobody_needs_keeps_its_newest_records_alone()
    {
        using var world = new SimWorld(1);
        List<byte[]> all = Fill(world, out IWriteAheadLog log);
        log.Truncate(log.LastLsn.Next);
        log.Close();
        long bytes = world.Disk.ReadAllBytes(Logs.LastSegment(world)).Length;
        Assert.InRange(bytes, KeptBytes, KeptBytes + (8 << 10));

        log = Logs.Open(world);
        Assert.True(log.Recovery.WasClean);
        Assert.Equal(new Lsn(Records), log.LastLsn);
        Assert.InRange(log.FirstLsn.Value, 2UL, (ulong)Records);
        Assert.Equal(all[(int)(log.FirstLsn.Value - 1)..], log.ReplayAll());

        // It goes on as if nothing had been.
        byte[] more = [1, 2, 3];
        Assert.Equal(new Lsn(Records + 1), log.Append(more));
        log.Close();
        log = Logs.Open(world);
        Assert.Equal(more, log.ReplayAll()[^1]);
        log.Close();
    }

    [Fact]
    public async Task Statistics_may_be_asked_for_while_it_closes()
    {
        for (int i = 0; i < 50; i++)
        {
            using var world = new SimWorld(1);
            Fill(world, out IWriteAheadLog log);
            log.Truncate(log.LastLsn.Next);
            using var asked = new ManualResetEventSlim();
            bool isClosed = false;
            Task asking = Task.Run(() =>
            {
                do
                {
                    Assert.True(log.Statistics.DiskBytes > 0);
                    asked.Set();
                }
                while (!Volatile.Read(ref isClosed));
            });
            try
            {
                await Task.WhenAny(Task.Run(asked.Wait), asking);
                await log.DisposeAsync();
            }
            finally
            {
                Volatile.Write(ref isClosed, true);
                await asking;
                asked.Set();
            }
        }
    }

    [Fact]
    public void A_record_that_somebody_needs_stays_with_all_behind_it()
    {
        using var world = new SimWorld(2);
        List<byte[]> all = Fill(world, out IWriteAheadLog log);
        log.Truncate(log.LastLsn);
        log.Close();
        log = Logs.Open(world);
        Assert.Equal(new Lsn(1), log.FirstLsn);
        Assert.Equal(all, log.ReplayAll());
        log.Close();
    }

    [Fact]
    public void A_power_cut_at_any_operation_of_the_closing_loses_no_record_of_the_newest()
    {
        int seed = (int)TestSeeds.Of(7500);
        foreach (CrashModel model in Enum.GetValues<CrashModel>())
        {
            for (int cut = 1; ; cut++)
            {
                using var world = new SimWorld((ulong)seed);
                List<byte[]> all = Fill(world, out IWriteAheadLog log);
                log.Truncate(log.LastLsn.Next);
                world.Disk.CutPowerAt(world.Disk.Operations + cut);
                Exception? end = Record.Exception(log.Close);
                using SimWorld next = world.AfterPowerCut((ulong)(seed + cut), model);
                IWriteAheadLog reopened = Logs.Open(next);
                string context = $"seed {seed}, cut at {cut}, {model}";
                Assert.True(reopened.LastLsn == new Lsn(Records), $"{context}: it ends at {reopened.LastLsn}");
                List<byte[]> left = reopened.ReplayAll();
                Assert.True(left.Count > 0, context);
                Assert.Equal(all[^left.Count..], left);
                Assert.Equal(new Lsn(Records + 1), reopened.Append([7]));
                reopened.Close();
                if (end is null)
                {
                    break;
                }
            }
        }
    }

    private static List<byte[]> Fill(SimWorld world, out IWriteAheadLog log)
    {
        var random = new Random(1);
        log = Logs.Open(world);
        List<byte[]> all = [];
        for (int i = 0; i < Records; i++)
        {
            all.Add(Logs.Payload(random, RecordBytes));
            log.Append(all[^1]);
        }

        log.Sync();
        return all;
    }
}
