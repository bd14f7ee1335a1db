using Mortise.Components;
using Mortise.Conformance;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class DamageLaws
{
    private static readonly StorageErrorCode[] s_typed =
    [
        StorageErrorCode.Corrupt, StorageErrorCode.ForeignFile, StorageErrorCode.FormatTooNew,
        StorageErrorCode.FormatTooOld, StorageErrorCode.UnknownWriter,
    ];

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Any_flipped_bit_is_detected_and_found_by_examination(bool packed)
    {
        LoggedStore store = await SmallStoreAsync(packed);
        SimWorld world = store.World;
        int flips = 0;
        long indexAt = FileEnd(world) - IndexBytes(world);
        foreach (string path in world.Disk.FilePaths())
        {
            byte[] bytes = world.Disk.ReadAllBytes(path);
            for (long at = 0; at < bytes.Length; at++)
            {
                // The zeros of a segment's header page are alike: some of them stand for all, unless soaking.
                bool isFiller = path.EndsWith(".seg", StringComparison.Ordinal) && at is >= 64 and < 4088;
                int bit = (int)(at * 7 % 8);
                for (int b = 0; b < 8; b++)
                {
                    if (TestSeed.Soak == 1 && (isFiller ? at % 97 != 0 || b != bit : at % (packed ? 32 : 8) != 0 && b != bit))
                    {
                        continue;
                    }

                    world.Disk.FlipBit(path, at, b);

                    // An index of blocks that is damaged is made anew, and nothing is lost.
                    bool isIndex = packed && path.EndsWith("0001.seg", StringComparison.Ordinal) && at >= indexAt;
                    Assert.True(await IsDetectedAsync(store) != isIndex, $"{path}, byte {at}, bit {b} went unnoticed");
                    Assert.True(Examine(world).Count > 0, $"{path}, byte {at}, bit {b} was not found");
                    world.Disk.FlipBit(path, at, b);
                    flips++;
                }
            }
        }

        Assert.True(flips > (packed ? 1500 : 3000), $"only {flips} flips");
        Assert.False(await IsDetectedAsync(store));
        Assert.Empty(Examine(world));
    }

    [Fact]
    public async Task Zeroed_garbled_and_cut_regions_cost_only_the_records_in_them()
    {
        Random random = Seeds.Generator(TestSeed.Value, 77);
        for (int run = 0; run < 60 * TestSeed.Soak; run++)
        {
            LoggedStore store = await SmallStoreAsync();
            string path = random.Next(2) == 0 ? "records/seg-0000000001.seg" : "records/seg-0000000002.seg";
            byte[] bytes = store.World.Disk.ReadAllBytes(path);
            int from = random.Next(SegmentHeader.Bytes, bytes.Length);
            int length = Math.Min(random.Next(1, 1500), bytes.Length - from);
            switch (run % 3)
            {
                case 0:
                    bytes.AsSpan(from, length).Clear();
                    break;
                case 1:
                    random.NextBytes(bytes.AsSpan(from, length));
                    break;
                default:
                    length = bytes.Length - from;
                    Array.Resize(ref bytes, from);
                    break;
            }

            byte[] old = store.World.Disk.ReadAllBytes(path);
            if (bytes.AsSpan().SequenceEqual(old))
            {
                continue;
            }

            store.World.Disk.Overwrite(path, bytes);
            CheckLoss(store, path, from, length, old, bytes, $"run {run} of seed {TestSeed.Value}: {from}+{length}");
        }
    }

    [Fact]
    public async Task A_damaged_region_of_a_packed_segment_costs_only_the_blocks_in_it()
    {
        Random random = Seeds.Generator(TestSeed.Value, 78);
        for (int run = 0; run < 60 * TestSeed.Soak; run++)
        {
            LoggedStore store = await SmallStoreAsync(packed: true);
            int number = random.Next(1, 3);
            string path = $"records/{SegmentFormat.SegmentName((uint)number)}";
            byte[] old = store.World.Disk.ReadAllBytes(path);
            byte[] bytes = [.. old];
            SegmentEntry entry = Checkpoint(store.World).Segments[number - 1];
            int blocksEnd = (int)(entry.FileEnd - entry.IndexBytes);
            int from = random.Next(SegmentHeader.Bytes, blocksEnd);
            int length = Math.Min(random.Next(1, 2500), bytes.Length - from);
            random.NextBytes(bytes.AsSpan(from, length));
            List<(long Start, long End)> lost = [];
            var blocks = new PackedBlocks(0, 0, null, static () => null!, null);
            var file = new BytesFile(old);
            new BlockWalk(file, SegmentFormat.StoreKey(store.World.StoreId), (uint)number).Run(blocks, blocksEnd, entry.End);
            foreach (BlockEntry block in blocks.Entries)
            {
                int at = (int)block.Place;
                if (!old.AsSpan(at, block.FileBytes).SequenceEqual(bytes.AsSpan(at, block.FileBytes)))
                {
                    lost.Add((block.Start, block.Start + block.ImageBytes));
                }
            }

            store.World.Disk.Overwrite(path, bytes);
            IRecordStore opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);
            int lostRecords = 0;
            foreach ((ulong at, (byte[] body, _, _)) in store.Model.Records)
            {
                SegmentAddress address = SegmentAddress.Of(new RecordLocation(at));
                bool isLost = address.Segment == number
                    && lost.Exists(l => address.Offset >= l.Start && address.Offset < l.End);
                lostRecords += isLost ? 1 : 0;
                Exception? error = Record.Exception(() =>
                {
                    using RecordLease lease = opened.Read(new RecordLocation(at));
                    Assert.True(lease.Bytes.SequenceEqual(body));
                });
                Assert.Equal(isLost, error is StorageException { Code: StorageErrorCode.Corrupt });
                Assert.Equal(isLost, error is not null);
            }

            await opened.DisposeAsync();
            List<Finding> findings = [];
            ExaminationSummary summary = new SegmentsExaminer().Examine(
                store.World.Directory("records"), store.World.StoreId, findings.Add, default);
            Assert.Equal(store.Model.Count - lostRecords, summary.Items);
            Assert.True(findings.Count > 0 || bytes.AsSpan().SequenceEqual(old));
        }
    }

    [Fact]
    public async Task Records_moved_to_another_place_or_file_do_not_verify()
    {
        LoggedStore store = await SmallStoreAsync();
        byte[] first = store.World.Disk.ReadAllBytes("records/seg-0000000001.seg");
        byte[] second = store.World.Disk.ReadAllBytes("records/seg-0000000002.seg");

        // The same offset of another segment of the same store: only the position check tells.
        int length = Math.Min(first.Length, second.Length) - SegmentHeader.Bytes;
        first.AsSpan(SegmentHeader.Bytes, length).CopyTo(second.AsSpan(SegmentHeader.Bytes));
        store.World.Disk.Overwrite("records/seg-0000000002.seg", second);
        Assert.True(await IsDetectedAsync(store));
        Assert.Contains(Examine(store.World), finding => finding.Code == "record-damaged");
    }

    [Fact]
    public async Task Missing_foreign_swapped_and_older_files_are_typed_errors()
    {
        LoggedStore store = await SmallStoreAsync();
        LoggedStore other = await LoggedStore.OpenAsync(
            new SimWorld(9) { StoreId = new Guid("11111111-2222-3333-4444-555555555555") }, Workload.Options, [], new());
        other.Commit([.. Enumerable.Range(0, 30).Select(_ => new byte[700])], []);
        other.Commit([], [new RecordLocation(other.Model.Records.First().Key)]);
        await other.Store.CheckpointAsync();
        await other.DisposeAsync();
        foreach (string path in store.World.Disk.FilePaths())
        {
            byte[] good = store.World.Disk.ReadAllBytes(path);
            if (good.Length == 0)
            {
                continue;
            }

            store.World.Disk.Overwrite(path, other.World.Disk.ReadAllBytes(path));
            await ExpectAsync(store, StorageErrorCode.ForeignFile);
            store.World.Disk.Overwrite(path, []);
            await ExpectAsync(store, StorageErrorCode.Corrupt);
            store.World.Disk.Overwrite(path, [.. "not ours at all, whatever it may be"u8, .. new byte[5000]]);
            await ExpectAsync(store, StorageErrorCode.UnknownWriter);
            byte[] newer = [.. good];
            newer[8] = 99;
            store.World.Disk.Overwrite(path, newer);
            await ExpectAsync(store, StorageErrorCode.FormatTooNew);
            store.World.Disk.Overwrite(path, good);
            IStorageDirectory directory = store.World.Directory(LoggedStore.Instance);
            string name = path.Split('/')[^1];
            directory.Rename(name, "aside");
            await ExpectAsync(store, StorageErrorCode.Corrupt);
            Assert.NotEmpty(Examine(store.World));
            directory.Rename("aside", name);
        }

        byte[] one = store.World.Disk.ReadAllBytes("records/seg-0000000001.seg");
        store.World.Disk.Overwrite("records/seg-0000000002.seg", one);
        await ExpectAsync(store, StorageErrorCode.Corrupt);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Random_bytes_in_any_file_never_crash_opening_reading_or_examining(bool packed)
    {
        Random random = Seeds.Generator(TestSeed.Value, 5);
        LoggedStore store = await SmallStoreAsync(packed);
        foreach (string path in store.World.Disk.FilePaths().Where(path => !path.EndsWith("lock")))
        {
            byte[] good = store.World.Disk.ReadAllBytes(path);
            for (int run = 0; run < 150 * TestSeed.Soak; run++)
            {
                byte[] bad = [.. good];
                for (int i = random.Next(1, 6); i > 0; i--)
                {
                    int at = random.Next(bad.Length);
                    int length = Math.Min(random.Next(1, 9), bad.Length - at);
                    random.NextBytes(bad.AsSpan(at, length));
                }

                Array.Resize(ref bad, random.Next(4) == 0 ? random.Next(bad.Length + 1) : bad.Length);
                FixChecksum(path, bad);
                store.World.Disk.Overwrite(path, bad);
                await IsDetectedAsync(store, mayDiffer: true);
                Examine(store.World);
            }

            store.World.Disk.Overwrite(path, good);
        }

        Assert.False(await IsDetectedAsync(store));
    }

    private static CheckpointState Checkpoint(SimWorld world) => CheckpointFormat.Decode(
        world.Disk.ReadAllBytes("records/checkpoint"), world.StoreId, "checkpoint");

    private static long FileEnd(SimWorld world) => Checkpoint(world).Segments[0].FileEnd;

    private static long IndexBytes(SimWorld world) => Checkpoint(world).Segments[0].IndexBytes;

    /// <summary>A store with two segments, tombstones and a checkpoint, closed.</summary>
    private static async Task<LoggedStore> SmallStoreAsync(bool packed = false)
    {
        LoggedStore store = await LoggedStore.OpenAsync(seed: 3, options: Workload.OptionsOf(packed));
        var random = new Random(12);
        for (int i = 0; i < 26; i++)
        {
            store.Put(TestSeed.Bytes(random, random.Next(1, 400)));
        }

        Assert.Equal(2, store.Store.Statistics.Segments);
        ulong[] all = [.. store.Model.Records.Select(record => record.Key)];
        store.Commit([], [new RecordLocation(all[3]), new RecordLocation(all[25])]);
        await store.Store.CheckpointAsync();
        store.Commit([], [new RecordLocation(all[5])]);
        await store.Store.CheckpointAsync();
        await store.DisposeAsync();
        return store;
    }

    private static List<Finding> Examine(SimWorld world)
    {
        List<Finding> findings = [];
        new SegmentsExaminer().Examine(
            world.Directory(LoggedStore.Instance), world.StoreId, findings.Add, CancellationToken.None);
        return findings;
    }

    /// <summary>Opens and reads everything by every way; wrong bytes fail the test.</summary>
    /// <returns>True when anything was refused with a typed error.</returns>
    private static async Task<bool> IsDetectedAsync(LoggedStore store, bool mayDiffer = false)
    {
        IRecordStore opened;
        try
        {
            opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);
        }
        catch (StorageException error) when (s_typed.Contains(error.Code))
        {
            return true;
        }

        bool detected = false;
        foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
        {
            var sink = new Collector(int.MaxValue);
            try
            {
                opened.Scan(direction, ref sink);
                int live = store.Model.Records.Count(record => !record.Value.IsDeleted);
                Assert.True(mayDiffer || sink.Seen.Count == live, "a scan was short without saying so");
            }
            catch (StorageException error) when (s_typed.Contains(error.Code))
            {
                Assert.True(error.File is not null && error.Offset >= 0);
                detected = true;
            }

            foreach ((RecordLocation location, byte[] body, _) in sink.Seen)
            {
                Assert.Equal(store.Model.Body(location), body);
            }
        }

        foreach ((ulong at, (byte[] body, Lsn lsn, bool isDeleted)) in store.Model.Records)
        {
            try
            {
                using RecordLease lease = opened.Read(new RecordLocation(at));
                Assert.True(lease.Bytes.SequenceEqual(body));
                Assert.True(mayDiffer || lease.Info == new RecordInfo(lsn, isDeleted));
            }
            catch (StorageException error)
                when (s_typed.Contains(error.Code) || (mayDiffer && error.Code == StorageErrorCode.NotFound))
            {
                detected = true;
            }
        }

        await opened.DisposeAsync();
        return detected;
    }

    private static void CheckLoss(
        LoggedStore store, string path, int from, int length, byte[] old, byte[] bytes, string context)
    {
        uint segment = path.Contains("0001") ? 1u : 2u;
        int lost = 0;
        long lostBytes = 0;
        foreach ((ulong at, (byte[] body, _, _)) in store.Model.Records)
        {
            SegmentAddress address = SegmentAddress.Of(new RecordLocation(at));
            int size = (int)FrameFormat.Size(body.Length);
            int start = (int)address.Offset;
            if (address.Segment == segment
                && (start + size > bytes.Length
                    || !old.AsSpan(start, size).SequenceEqual(bytes.AsSpan(start, size))))
            {
                lost++;
                lostBytes += size;
            }
        }

        List<Finding> findings = [];
        ExaminationSummary summary = new SegmentsExaminer().Examine(
            store.World.Directory("records"), store.World.StoreId, findings.Add, default);
        Assert.True(summary.Items == store.Model.Count - lost, context);
        Assert.Contains($"unreadable: {lost} records, {lostBytes} bytes", summary.Notes);
        Assert.All(findings, finding => Assert.Equal(path.Split('/')[^1], finding.File));
        Finding damage = findings.First(finding => finding.Code == "record-damaged");
        Assert.InRange(damage.Offset, SegmentHeader.Bytes, from + length);
    }

    private static async Task ExpectAsync(LoggedStore store, StorageErrorCode code)
    {
        long operations = store.World.Disk.Operations;
        var error = await Assert.ThrowsAsync<StorageException>(async () =>
            await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default));
        Assert.Equal(code, error.Code);
        Assert.Empty(store.World.Disk.OpenHandles);
        Assert.Equal(operations, store.World.Disk.Operations);
        Assert.NotEmpty(Examine(store.World));
    }

    /// <summary>Makes damage reach the code behind the checksum of whole files.</summary>
    private static void FixChecksum(string path, byte[] bytes)
    {
        if (path.EndsWith("checkpoint", StringComparison.Ordinal) && bytes.Length > 8)
        {
            ulong checksum = System.IO.Hashing.XxHash3.HashToUInt64(bytes.AsSpan(0, bytes.Length - 8));
            System.Buffers.Binary.BinaryPrimitives.WriteUInt64LittleEndian(bytes.AsSpan(bytes.Length - 8), checksum);
        }
    }
}
