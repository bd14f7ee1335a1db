using Mortise.Components;
using Mortise.Conformance;
using Mortise.Logging;
using Mortise.Wal.Examination;

namespace Mortise.Wal.Tests;

public class DamageTests
{
    /// <summary>A log with three segments, closed in order.</summary>
    private static SimWorld MakeClosed(int seed, List<byte[]> all, int records = 60, int maxBytes = 4000)
    {
        SimWorld world = Logs.World(seed);
        var random = new Random(seed);
        IWriteAheadLog log = Logs.Open(world);
        for (int i = 0; i < records; i++)
        {
            all.Add(Logs.Payload(random, 1 + random.Next(maxBytes)));
            log.Append(all[^1]);
            if (i % 3 == 0)
            {
                log.Sync();
            }
        }

        log.Close();
        return world;
    }

    [Fact]
    public void No_flipped_bit_of_a_closed_log_changes_or_loses_a_record_silently()
    {
        var all = new List<byte[]>();
        using SimWorld world = MakeClosed(11, all, records: 30, maxBytes: 300);
        foreach (string path in world.Disk.FilePaths())
        {
            int length = world.Disk.ReadAllBytes(path).Length;
            for (int at = 0; at < length; at += at < 5400 ? 1 : 61)
            {
                using SimWorld copy = world.AfterProcessDeath();
                copy.Disk.FlipBit(path, at, at % 8);
                AssertSameOrCorrupt(copy, all, $"bit {at % 8} of byte {at} of {path}");
            }
        }
    }

    [Fact]
    public void No_damaged_block_or_missing_file_of_a_closed_log_is_silent()
    {
        var all = new List<byte[]>();
        using SimWorld world = MakeClosed(12, all);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            for (int at = 0; at + 512 <= bytes.Length; at += 512)
            {
                byte[] zeroed = [.. bytes];
                zeroed.AsSpan(at, 512).Clear();
                byte[] swapped = [.. bytes];
                bytes.AsSpan((at + 4096) % (bytes.Length - 511), 512).CopyTo(swapped.AsSpan(at));
                foreach (byte[] damaged in (byte[][])[zeroed, swapped, bytes[..at]])
                {
                    using SimWorld copy = world.AfterProcessDeath();
                    copy.Disk.Overwrite(path, damaged);
                    AssertSameOrCorrupt(copy, all, $"{damaged.Length} bytes, damaged at {at}, in {path}");
                }
            }

            if (path.EndsWith(".wal", StringComparison.Ordinal))
            {
                using SimWorld copy = world.AfterProcessDeath();
                copy.Directory(Logs.Instance).Delete(path["wal/".Length..]);
                StorageException e = Assert.Throws<StorageException>(() => Logs.Open(copy));
                Assert.Equal(StorageErrorCode.Corrupt, e.Code);
                Assert.Contains("missing", e.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void Damage_before_the_durable_point_is_corrupt_with_segment_offset_and_lsn()
    {
        using SimWorld world = Logs.World(13);
        IWriteAheadLog log = Logs.Open(world);
        log.Append(new byte[100]);
        log.Append(new byte[100]);
        log.Sync();
        log.Append(new byte[100]);
        using SimWorld next = world.AfterProcessDeath();
        long second = 4096 + 144;
        next.Disk.FlipBit(Logs.LastSegment(next), second + 50, 3);
        StorageException e = Assert.Throws<StorageException>(() => Logs.Open(next));
        Assert.Equal(StorageErrorCode.Corrupt, e.Code);
        Assert.Equal("wal/0000000000000001.wal", e.File);
        Assert.Equal(second, e.Offset);
        Assert.Contains("record 2 ", e.Message, StringComparison.Ordinal);

        // Nothing was changed: the evidence is there, and opening again says the same.
        Assert.Equal(e.Message, Assert.Throws<StorageException>(() => Logs.Open(next)).Message);
        var findings = new List<Finding>();
        new WalExaminer().Examine(next.Directory("wal"), next.StoreId, findings.Add, default);
        Finding finding = Assert.Single(findings);
        Assert.Equal("log-record", finding.Code);
        Assert.Equal("0000000000000001.wal", finding.File);
        Assert.Equal(second, finding.Offset);
    }

    [Fact]
    public void A_hole_that_no_sync_covered_is_a_torn_tail_although_whole_records_follow()
    {
        using SimWorld world = Logs.World(14);
        IWriteAheadLog log = Logs.Open(world);
        log.Append(new byte[100]);
        log.Sync();
        log.Append(new byte[100]);
        log.Append(new byte[100]);
        using SimWorld next = world.AfterProcessDeath();
        next.Disk.FlipBit(Logs.LastSegment(next), 4096 + 144 + 60, 0);
        log = Logs.Open(next);
        Assert.Equal(new Lsn(1), log.LastLsn);
        Assert.False(log.Recovery.WasClean);
        Assert.Equal(288, log.Recovery.TornBytes);

        // The same LSN again, in the same place of another file: the old record 3 must never come back behind it.
        Assert.Equal(new Lsn(2), log.Append(new byte[100]));
        log.Sync();
        using SimWorld last = next.AfterPowerCut(1, CrashModel.KeepAll);
        log = Logs.Open(last);
        Assert.Equal(new Lsn(2), log.LastLsn);
        log.Close();
    }

    [Fact]
    public void A_torn_tail_is_cut_at_the_last_whole_record_at_every_byte()
    {
        using SimWorld world = Logs.World(15);
        IWriteAheadLog log = Logs.Open(world);
        var random = new Random(15);
        log.Append(Logs.Payload(random, 50));
        log.Sync();
        byte[] before = world.Disk.ReadAllBytes(Logs.LastSegment(world));
        log.Append(Logs.Payload(random, 777));
        byte[] after = world.Disk.ReadAllBytes(Logs.LastSegment(world));
        int start = 4096 + 96;
        for (int written = 0; written < 824; written++)
        {
            using SimWorld torn = world.AfterProcessDeath();
            byte[] bytes = [.. before];
            after.AsSpan(start, written).CopyTo(bytes.AsSpan(start));
            torn.Disk.Overwrite(Logs.LastSegment(torn), bytes);
            IWriteAheadLog opened = Logs.Open(torn);
            bool whole = written >= 817;
            Assert.Equal(whole ? 2ul : 1ul, opened.LastLsn.Value);
            int visible = after.AsSpan(start, written).LastIndexOfAnyExcept((byte)0) + 1;
            Assert.True(whole ? opened.Recovery.TornBytes == 0 : opened.Recovery.TornBytes >= visible, $"{written}");
            opened.Close();
        }
    }

    [Fact]
    public void A_recycled_segment_never_gives_an_old_record()
    {
        using SimWorld world = Logs.World(16);
        IWriteAheadLog log = Logs.Open(world);

        // Records of one size, so that every old frame stands where a new one would.
        for (int round = 0; round < 6; round++)
        {
            for (int i = 0; i < 16; i++)
            {
                log.Append(new byte[8152]);
            }

            log.Sync();
            log.Truncate(log.LastLsn.Next);
        }

        Assert.Contains(world.Disk.Log, o => o.Kind == SimOperationKind.Rename && o.Path.Contains("spare"));
        Lsn last = log.LastLsn;
        using SimWorld next = world.AfterProcessDeath();
        log = Logs.Open(next);
        Assert.Equal(last, log.LastLsn);
        Assert.Equal(0, log.Recovery.TornBytes);
        log.Close();
    }

    [Fact]
    public void Files_of_another_store_version_or_name_are_refused_with_both_named()
    {
        var all = new List<byte[]>();
        using SimWorld world = MakeClosed(17, all);
        ComponentContext context = world.Context(Logs.Instance);
        var foreign = new ComponentContext
        {
            InstanceName = "wal",
            StoreId = new Guid("11111111-2222-3333-4444-555555555555"),
            Files = context.Files,
            Time = context.Time,
            Background = context.Background,
            Seed = 1,
            Log = context.Log,
            Meter = context.Meter,
        };
        StorageException e = Assert.Throws<StorageException>(() => Logs.Open(foreign));
        Assert.Equal(StorageErrorCode.ForeignFile, e.Code);
        Assert.Contains(world.StoreId.ToString(), e.Message, StringComparison.Ordinal);
        Assert.Contains("11111111", e.Message, StringComparison.Ordinal);

        using SimWorld renamed = world.AfterProcessDeath();
        renamed.Directory("wal").Rename("0000000000000001.wal", "0000000000000009.wal");
        Assert.Equal(StorageErrorCode.Corrupt, Assert.Throws<StorageException>(() => Logs.Open(renamed)).Code);

        using SimWorld headless = world.AfterProcessDeath();
        headless.Directory("wal").Delete("control");
        Assert.Equal(StorageErrorCode.Corrupt, Assert.Throws<StorageException>(() => Logs.Open(headless)).Code);
    }

    [Fact]
    public void A_device_that_loses_the_last_write_of_the_control_file_costs_no_record()
    {
        var all = new List<byte[]>();
        using SimWorld world = MakeClosed(19, all, records: 10);
        IWriteAheadLog log = Logs.Open(world);
        SimFault fault = world.Disk.Plant(SimOperationKind.Write, "*control", 1, SimFaultEffect.LostWrite);
        all.Add([1, 2, 3]);
        log.Append(all[^1]);
        log.Sync();
        Assert.Equal(1, fault.Fired);
        using SimWorld next = world.AfterPowerCut(1, CrashModel.SyncedOnly);
        log = Logs.Open(next);
        Assert.Equal(all, log.ReplayAll());
        log.Close();
    }

    [Fact]
    public void Garbage_in_every_file_is_an_error_that_changes_nothing()
    {
        int seed = (int)TestSeeds.Of(18);
        var random = new Random(seed);
        var all = new List<byte[]>();
        using SimWorld world = MakeClosed(18, all, records: 20);
        string[] paths = [.. world.Disk.FilePaths().Where(p => !p.EndsWith("lock", StringComparison.Ordinal))];
        for (int i = 0; i < 300 * TestSeeds.Soak; i++)
        {
            using SimWorld copy = world.AfterProcessDeath();
            string path = paths[random.Next(paths.Length)];
            byte[] bytes = world.Disk.ReadAllBytes(path);
            int from = random.Next(bytes.Length);
            random.NextBytes(bytes.AsSpan(from, Math.Min(bytes.Length - from, 1 + random.Next(600))));
            copy.Disk.Overwrite(path, random.Next(4) == 0 ? bytes[..random.Next(bytes.Length)] : bytes);
            AssertSameOrCorrupt(copy, all, $"seed {seed}, mutation {i} of {path}");
        }
    }

    private static void AssertSameOrCorrupt(SimWorld world, List<byte[]> all, string context)
    {
        var findings = new List<Finding>();
        new WalExaminer().Examine(world.Directory("wal"), world.StoreId, findings.Add, default);
        try
        {
            IWriteAheadLog log = Logs.Open(world);
            try
            {
                List<byte[]> found = log.ReplayAll();
                Assert.True(found.Count == all.Count, $"{context}: {found.Count} of {all.Count} records and no error");
                for (int i = 0; i < all.Count; i++)
                {
                    Assert.True(all[i].AsSpan().SequenceEqual(found[i]), $"{context}: record {i + 1} differs");
                }

                Assert.True(findings.Count <= 1, $"{context}: {findings.Count} findings in a readable log");
            }
            finally
            {
                log.Close();
            }
        }
        catch (StorageException e)
        {
            Assert.True(e.Code is StorageErrorCode.Corrupt or StorageErrorCode.FormatTooNew
                or StorageErrorCode.FormatTooOld or StorageErrorCode.ForeignFile, $"{context}: {e.Code}: {e.Message}");
            Assert.True(findings.Count > 0, $"{context}: the examiner saw nothing, opening said {e.Message}");
        }
    }
}
