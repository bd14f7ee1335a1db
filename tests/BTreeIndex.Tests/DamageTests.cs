using System.Collections.Immutable;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Indexing;
using Xunit.Abstractions;

namespace Mortise.BTreeIndex.Tests;

public class DamageTests(ITestOutputHelper output)
{
    private const int PageBytes = 4096;

    private static readonly BTreeIndexOptions s_options = new() { PageSize = ByteSize.KiB(4), MemoryBudget = ByteSize.KiB(64) };

    /// <summary>Goal: no flipped bit gives a wrong answer. Method: a file with every page type; each bit of every byte of
    /// it is flipped in turn; the index either answers as before, or says Corrupt, or starts empty with a warning.</summary>
    [Fact]
    public void Every_flipped_bit_is_detected_or_harmless()
    {
        using SimWorld world = MakeFile(out _);
        byte[] file = world.Disk.ReadAllBytes(FileChecks.Path);
        HashSet<(byte Type, bool HasStems)> types = [];
        for (int page = 0; page < file.Length; page += PageBytes)
        {
            types.Add((
                file[page + PageFormat.TypeOffset], (file[page + PageFormat.FlagsOffset] & PageFormat.StemsFlag) != 0));
        }

        Assert.Superset(
            new HashSet<(byte, bool)> { (1, false), (2, false), (3, false), (3, true), (4, false), (5, false) }, types);
        long detected = 0;
        long flipped = 0;
        int step = TestRun.Soak > 1 ? 1 : 61;
        ForParts(file.Length / PageBytes, (part, own, map) =>
        {
            long found = 0;
            long count = 0;
            for (long bit = FirstBit(part, step); bit < (part + 1L) * PageBytes * 8; bit += step, count++)
            {
                own.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
                if (IsDetected(own, map, bit))
                {
                    found++;

                    // It may have begun anew.
                    own.Disk.Overwrite(FileChecks.Path, file);
                }
                else
                {
                    own.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
                }
            }

            Interlocked.Add(ref detected, found);
            Interlocked.Add(ref flipped, count);
        });
        output.WriteLine($"{flipped} bits flipped in {file.Length / PageBytes} pages, {detected} detected, the others harmless");
        Assert.True(detected > flipped / 2, $"{detected} of {flipped} were detected");
    }

    [Fact]
    public void The_examiner_finds_every_flipped_bit_of_every_page_in_use()
    {
        using SimWorld world = MakeFile(out _);
        Assert.Empty(FileChecks.Examine(world));
        int pages = world.Disk.ReadAllBytes(FileChecks.Path).Length / PageBytes;
        HashSet<uint> used = UsedPages(world);
        int step = TestRun.Soak > 1 ? 1 : 127;
        long flipped = 0;
        ForParts(pages, (part, own, _) =>
        {
            if (!used.Contains((uint)part))
            {
                return;
            }

            for (long bit = FirstBit(part, step); bit < (part + 1L) * PageBytes * 8; bit += step)
            {
                own.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
                Assert.True(FileChecks.Examine(own).Count > 0, $"bit {bit} was not found");
                own.Disk.FlipBit(FileChecks.Path, bit / 8, (int)(bit % 8));
                Interlocked.Increment(ref flipped);
            }
        });
        output.WriteLine($"{flipped} bits flipped in {used.Count} pages in use, each found");
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

    internal static SimWorld MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map)
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

    /// <summary>The first bit of a page that is a multiple of the step.</summary>
    private static long FirstBit(long page, int step) => ((page * PageBytes * 8) + step - 1) / step * step;

    /// <summary>Runs a test for each page of the file, on all processors, each in a world of its own.</summary>
    private static void ForParts(int pages, Action<int, SimWorld, ImmutableSortedDictionary<byte[], byte[]>> test) =>
        Parallel.ForEach(
            TestRun.Slice(Enumerable.Range(0, pages)),
            new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount },
            page =>
            {
                using SimWorld world = MakeFile(out ImmutableSortedDictionary<byte[], byte[]> map);
                test(page, world, map);
            });

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
            Oracle.ComparingSink sink = new(Oracle.Range(map, [], []), ScanDirection.Forward, $"bit {bit}");
            bool isDetected = false;
            try
            {
                snapshot.Scan(KeyRange.All, ScanDirection.Forward, ref sink);
                sink.AssertComplete();
            }
            catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
            {
                isDetected = true;
            }

            byte[] buffer = new byte[1024];
            ReadOnlySpan<KeyValuePair<byte[], byte[]>> all = Oracle.Range(map, [], []).Span;
            for (int i = 0; i < all.Length; i += 40)
            {
                try
                {
                    Assert.True(snapshot.TryGet(all[i].Key, buffer, out int length), $"bit {bit}");
                    Assert.True(all[i].Value.AsSpan().SequenceEqual(buffer.AsSpan(0, length)), $"bit {bit}");
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
