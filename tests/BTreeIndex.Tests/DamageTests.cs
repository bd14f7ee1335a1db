using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

public class DamageTests
{
    private static readonly BTreeIndexOptions s_options = new() { PageSize = ByteSize.KiB(4), MemoryBudget = ByteSize.KiB(64) };

    /// <summary>Goal: no flipped bit gives a wrong answer. Method: a file with every page type; each bit of every byte of
    /// it is flipped in turn; the index either answers as before, or says Corrupt, or starts empty with a warning.</summary>
    [Fact]
    public void Every_flipped_bit_is_detected_or_harmless()
    {
        using SimWorld world = MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map);
        byte[] file = world.Disk.ReadAllBytes(FileChecks.Path);
        HashSet<(byte Type, bool HasStems)> types = [];
        for (int page = 0; page < file.Length; page += 4096)
        {
            types.Add((
                file[page + PageFormat.TypeOffset], (file[page + PageFormat.FlagsOffset] & PageFormat.StemsFlag) != 0));
        }

        Assert.Superset(
            new HashSet<(byte, bool)> { (1, false), (2, false), (3, false), (3, true), (4, false), (5, false) }, types);
        int detected = 0;
        int step = TestRun.Soak > 1 ? 1 : 61;
        for (long bit = 0; bit < file.Length * 8L; bit += step)
        {
            world.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
            detected += IsDetected(world, map, bit) ? 1 : 0;
            world.Disk.Overwrite(FileChecks.Path, file);
        }

        Assert.True(detected > file.Length * 8L / step / 2, $"{detected} of {file.Length * 8L / step} were detected");
    }

    [Fact]
    public void The_examiner_finds_every_flipped_bit_of_every_page_in_use()
    {
        using SimWorld world = MakeFile(out _);
        Assert.Empty(FileChecks.Examine(world));
        byte[] file = world.Disk.ReadAllBytes(FileChecks.Path);
        HashSet<uint> used = UsedPages(world);
        int step = TestRun.Soak > 1 ? 1 : 127;
        for (long bit = 0; bit < file.Length * 8L; bit += step)
        {
            if (used.Contains((uint)(bit / 8 / 4096)))
            {
                world.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
                Assert.True(FileChecks.Examine(world).Count > 0, $"bit {bit} was not found");
                world.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
            }
        }
    }

    [Theory]
    [InlineData("truncated")]
    [InlineData("empty")]
    [InlineData("zeroed")]
    [InlineData("foreign")]
    [InlineData("newer")]
    [InlineData("garbage")]
    public void A_file_that_cannot_be_read_starts_empty_with_a_warning(string damage)
    {
        using SimWorld world = MakeFile(out _);
        byte[] file = world.Disk.ReadAllBytes(FileChecks.Path);
        Guid storeId = world.StoreId;
        switch (damage)
        {
            case "truncated":
                file = file[..5000];
                break;
            case "empty":
                file = [];
                break;
            case "zeroed":
                file.AsSpan().Clear();
                break;
            case "foreign":
                storeId = Guid.NewGuid();
                break;
            case "newer":
                MetaRecord.TryRead(file.AsSpan(0, 4096), 0, out MetaRecord meta);
                for (uint page = 0; page < 2; page++)
                {
                    byte[] bytes = meta.ToPage(page);
                    bytes[MetaRecord.VersionOffset]++;
                    PageFormat.Seal(bytes, page, seed: 0);
                    bytes.CopyTo(file, page * 4096);
                }

                break;
            default:
                new Random(1).NextBytes(file);
                break;
        }

        world.Disk.Overwrite(FileChecks.Path, file);
        ComponentContext context = world.Context("index");
        ComponentContext asked = new()
        {
            InstanceName = context.InstanceName,
            StoreId = storeId,
            Files = context.Files,
            Time = context.Time,
            Background = context.Background,
            Seed = context.Seed,
            Log = context.Log,
            Meter = context.Meter,
        };
        BTreeIndexFamily index = BTreeIndexOpener.Open(asked, s_options, default);
        Assert.Equal(Lsn.None, index.DurableLsn);
        Assert.Contains(world.Log.Messages, message => message.Level == ComponentLogLevel.Warning);
        using IIndexSnapshot snapshot = index.OpenSnapshot();
        Oracle.AssertEqual(Oracle.Empty, snapshot);
        new BatchMaker().Set([1], [2]).ApplyTo(index, 1);
        world.Background.Complete(index.CheckpointAsync());
        Assert.Equal(1u, index.DurableLsn.Value);
    }

    [Fact]
    public void A_failed_sync_closes_the_index_for_writing_and_is_never_survived_by_lying()
    {
        for (int nth = 1; nth <= 2; nth++)
        {
            using SimWorld world = MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map);
            BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), s_options, default);
            new BatchMaker().Set([9], [9]).ApplyTo(index, 10);
            world.Disk.Plant(SimOperationKind.Sync, "*", nth, SimFaultEffect.SyncFailed);
            StorageException failed = Assert.Throws<StorageException>(() => world.Background.Complete(index.CheckpointAsync()));
            Assert.Equal(StorageErrorCode.SyncFailed, failed.Code);
            Assert.Equal(5u, index.DurableLsn.Value);
            Assert.Equal(HealthStatus.Failed, index.Health.Status);
            Assert.Equal(
                StorageErrorCode.Faulted,
                Assert.Throws<StorageException>(() => world.Background.Complete(index.CheckpointAsync())).Code);
            using IIndexSnapshot snapshot = index.OpenSnapshot();
            Oracle.AssertEqual(map.With(new BatchMaker().Set([9], [9])), snapshot);

            // The next process vouches only for what it has made durable itself.
            using SimWorld restarted = world.AfterProcessDeath();
            BTreeIndexFamily again = BTreeIndexOpener.Open(restarted.Context("index"), s_options, default);
            ulong vouched = again.DurableLsn.Value;
            foreach (CrashModel model in Enum.GetValues<CrashModel>())
            {
                using SimWorld after = restarted.AfterPowerCut(1, model);
                Assert.Equal(vouched, BTreeIndexOpener.Open(after.Context("index"), s_options, default).DurableLsn.Value);
            }
        }
    }

    [Fact]
    public void A_full_disk_fails_the_checkpoint_and_the_next_one_succeeds_when_there_is_room()
    {
        for (int nth = 1; ; nth++)
        {
            using SimWorld world = MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map);
            BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), s_options, default);
            new BatchMaker().Set([9], [9]).ApplyTo(index, 10);
            SimFault fault = world.Disk.Plant(SimOperationKind.Write, "*", nth, SimFaultEffect.NoSpace);
            try
            {
                world.Background.Complete(index.CheckpointAsync());
            }
            catch (StorageException e)
            {
                Assert.Equal(StorageErrorCode.NoSpace, e.Code);
            }

            if (fault.Fired == 0)
            {
                return;
            }

            world.Disk.ClearFaults();
            if (index.Health.Status != HealthStatus.Failed)
            {
                world.Background.Complete(index.CheckpointAsync());
                Assert.Equal(10u, index.DurableLsn.Value);
                FileChecks.AssertAllPagesAccountedFor(index);
            }

            using IIndexSnapshot snapshot = index.OpenSnapshot();
            Oracle.AssertEqual(map.With(new BatchMaker().Set([9], [9])), snapshot);
        }
    }

    private static SimWorld MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map)
    {
        SimWorld world = new(3, new SimDiskOptions { KeepLog = false });
        BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), s_options, default);
        map = Oracle.Empty;
        Random random = new(5);
        for (ulong lsn = 1; lsn <= 5; lsn++)
        {
            BatchMaker batch = new();
            for (int i = 0; i < 120; i++)
            {
                byte[] key = new byte[12];
                random.NextBytes(key);
                batch.Set(key, lsn % 2 == 0 ? new byte[random.Next(20)] : new byte[8]);
            }

            for (int i = 0; lsn == 1 && i < 200; i++)
            {
                // Timelines, so that there are leaves with stems.
                byte[] key = [0xFF, .. Enumerable.Repeat((byte)(i / 20), 32), .. new byte[16]];
                random.NextBytes(key.AsSpan(33));
                batch.Set(key, []);
            }

            foreach (byte[] key in map.Keys.Take(5))
            {
                batch.Remove(key);
            }

            batch.ApplyTo(index, lsn);
            map = map.With(batch);
            if (lsn >= 4)
            {
                world.Background.Complete(index.CheckpointAsync());
            }
        }

        world.Background.Complete(index.DisposeAsync());
        return world;
    }

    private static HashSet<uint> UsedPages(SimWorld world)
    {
        using Files.IStorageFile file = world.Directory("index").Open(PageFormat.FileName, Files.FileIntent.Read);
        Assert.Null(MetaPages.TryRead(file, out MetaRecord meta, out _));
        List<RunRecord> runs = [];
        Assert.Null(BTreeIndexOpener.ReadDirectory(new PageFile(file, meta.PageBytes, world.StoreId), meta, runs));
        HashSet<uint> used = [0, 1];
        foreach (Extent extent in BTreeIndexOpener.UsedExtents(meta, runs))
        {
            for (uint page = extent.Start; page < extent.End; page++)
            {
                used.Add(page);
            }
        }

        return used;
    }

    /// <summary>False when everything is as it was; fails when an answer is wrong.</summary>
    private static bool IsDetected(SimWorld world, ImmutableSortedDictionary<byte[], byte[]> map, long bit)
    {
        BTreeIndexFamily index = BTreeIndexOpener.Open(world.Context("index"), s_options, default);
        try
        {
            if (index.DurableLsn == Lsn.None)
            {
                return true;
            }

            Assert.Equal(5u, index.DurableLsn.Value);
            using IIndexSnapshot snapshot = index.OpenSnapshot();
            Oracle.CollectSink sink = new([]);
            bool isDetected = false;
            try
            {
                snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
                Assert.Equal(map.Count, sink.Entries.Count);
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
            {
                isDetected = true;
            }

            foreach ((byte[] key, byte[] value) in sink.Entries)
            {
                Assert.True(map.TryGetValue(key, out byte[]? expected) && expected.AsSpan().SequenceEqual(value), $"bit {bit}");
            }

            byte[] buffer = new byte[1024];
            foreach ((byte[] key, byte[] value) in map.Where((_, i) => i % 40 == 0))
            {
                try
                {
                    Assert.True(snapshot.TryGet(key, buffer, out int length), $"bit {bit}");
                    Assert.True(value.AsSpan().SequenceEqual(buffer.AsSpan(0, length)), $"bit {bit}");
                }
                catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
                {
                    isDetected = true;
                }
            }

            return isDetected;
        }
        finally
        {
            world.Background.Complete(index.DisposeAsync());
        }
    }
}
