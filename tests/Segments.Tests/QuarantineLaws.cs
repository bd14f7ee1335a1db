using System.Globalization;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class QuarantineLaws
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_damaged_store_opens_again_without_what_was_damaged_and_nothing_else_is_lost(bool packed)
    {
        Random random = Seeds.Generator(TestSeed.Value, 91);
        for (int run = 0; run < 40 * TestSeed.Soak; run++)
        {
            string context = $"run {run} of seed {TestSeed.Value}, packed {packed}";
            LoggedStore store = await LivedAsync((ulong)run, packed);
            Lsn durable = store.Store.DurableLsn;
            HashSet<ulong> readable = [];
            string[] damaged = Damage(store, random, run, readable);
            List<Finding> reported = [];
            QuarantineSummary summary = Quarantine(store, durable, reported);
            Assert.True(damaged.Length == 0 || summary.FilesSetAside > 0 || reported.Count > 0, context);

            // The damaged bytes are still there, under another name.
            foreach (string path in damaged.Where(path => store.World.Disk.FilePaths().Contains(path)))
            {
                Assert.Contains(store.World.Disk.FilePaths(), p => p.StartsWith(path + ".damaged-", StringComparison.Ordinal));
            }

            List<Finding> findings = [];
            new SegmentsExaminer().Examine(store.World.Directory("records"), store.World.StoreId, findings.Add, default);
            Assert.True(findings.Count == 0, context + ": " + string.Join("; ", findings));
            QuarantineSummary again = Quarantine(store, durable, []);
            Assert.Equal(default, again);
            await CheckOpenedAsync(store, durable, readable, context);
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_power_cut_at_any_operation_of_a_quarantine_costs_nothing_more(bool packed)
    {
        Random random = Seeds.Generator(TestSeed.Value, 93);
        CrashModel[] models = Enum.GetValues<CrashModel>();
        long cuts = 0;
        for (int run = 0; run < 6 * TestSeed.Soak; run++)
        {
            LoggedStore store = await LivedAsync((ulong)run, packed);
            Lsn durable = store.Store.DurableLsn;
            HashSet<ulong> readable = [];
            Damage(store, random, run, readable);
            if (run % 3 == 2)
            {
                store.World.Directory("records").Delete("checkpoint");
            }

            store.World.Directory("records").Sync();

            SimWorld damaged = store.World.AfterProcessDeath();
            for (int at = 1; ; at++)
            {
                SimWorld world = damaged.AfterProcessDeath();
                world.Disk.CutPowerAt(at);
                bool isOver = false;
                try
                {
                    Quarantine(world, durable, []);
                    isOver = world.Disk.Operations < at;
                }
                catch (SimulatedPowerCutException)
                {
                    cuts++;
                }

                // Cut again while it goes on, in half of them.
                SimWorld next = world.AfterPowerCut((ulong)at, models[at % models.Length]);
                if (at % 2 == 0)
                {
                    next.Disk.CutPowerAt(random.Next(1, 12));
                    try
                    {
                        Quarantine(next, durable, []);
                    }
                    catch (SimulatedPowerCutException)
                    {
                        cuts++;
                    }

                    next = next.AfterPowerCut((ulong)at, models[(at / 2) % models.Length]);
                }

                // Who opens the store meanwhile is refused, or harms nothing.
                if (at % 3 == 0)
                {
                    try
                    {
                        await (await SegmentRecordStore.OpenAsync(next.Context("records"), store.Options, default))
                            .DisposeAsync();
                    }
                    catch (StorageException e) when (e.Code is StorageErrorCode.Corrupt or StorageErrorCode.UnknownWriter)
                    {
                        // Damaged, or a quarantine has to go on.
                    }
                }

                List<Finding> reported = [];
                Quarantine(next, durable, reported);
                string context = $"seed {TestSeed.Value}, run {run}, cut at {at}: "
                    + string.Join("; ", reported.Select(static f => $"{f.Code} {f.File}"));
                await CheckReadableAsync(store, next, durable, readable, context);
                if (isOver)
                {
                    break;
                }
            }
        }

        Assert.True(cuts > 100 * TestSeed.Soak, $"{cuts} cuts");
    }

    [Fact]
    public async Task Lost_tombstones_bring_back_their_records_and_no_others_and_are_counted()
    {
        Random random = Seeds.Generator(TestSeed.Value, 94);
        int whole = 0;
        int partial = 0;
        for (int run = 0; run < 40 * TestSeed.Soak; run++)
        {
            LoggedStore store = await LivedAsync((ulong)run, packed: run % 2 == 0);
            Lsn durable = store.Store.DurableLsn;
            string name = store.World.Disk.FilePaths().Single(static p => p.Contains("/tombs-", StringComparison.Ordinal));
            byte[] bytes = store.World.Disk.ReadAllBytes(name);
            bool isGone = run % 3 == 0;
            if (isGone)
            {
                store.World.Directory("records").Delete(name["records/".Length..]);
            }
            else
            {
                bytes[random.Next(TombstoneFormat.HeaderBytes, bytes.Length)] ^= (byte)random.Next(1, 256);
                store.World.Disk.Overwrite(name, bytes);
            }

            List<Finding> reported = [];
            Quarantine(store, durable, reported);
            string context = $"seed {TestSeed.Value}, run {run}: " + string.Join("; ", reported);
            Finding lost = Assert.Single(reported, static f => f.Code == "tombstones-lost");
            Assert.Equal(isGone, !reported.Exists(f => f.Code == "set-aside" && f.Message.StartsWith("tombs", StringComparison.Ordinal)));

            IRecordStore opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);
            var sink = new Collector(int.MaxValue);
            opened.Scan(ScanDirection.Forward, ref sink);
            var found = sink.Seen.Select(static seen => seen.Location.Value).ToHashSet();
            var live = store.Model.Records.Where(static r => !r.Value.IsDeleted).Select(static r => r.Key).ToHashSet();
            var deleted = store.Model.Records.Where(static r => r.Value.IsDeleted).Select(static r => r.Key).ToHashSet();
            Assert.True(live.IsSubsetOf(found), context);
            found.ExceptWith(live);
            Assert.True(isGone ? found.SetEquals(deleted) : found.IsSubsetOf(deleted), $"{context}: {found.Count} came back");

            // Of what a reclaimed segment held nothing can come back.
            long counted = long.Parse(lost.Message[..lost.Message.IndexOf(' ')], CultureInfo.InvariantCulture);
            Assert.True(counted >= found.Count, $"{context}: {found.Count} came back");
            Assert.Equal(live.Count + found.Count, opened.Statistics.LiveRecords);
            whole += isGone ? 1 : 0;
            partial += found.Count > 0 && found.Count < deleted.Count ? 1 : 0;

            // They can be deleted again, which survives.
            opened.Apply(new RecordBatch(
                durable.Next,
                [],
                [.. found.Select(at => new RecordMutation(RecordOperation.Delete, new RecordLocation(at), 0, 0))]));
            await opened.CheckpointAsync();
            await opened.DisposeAsync();
            opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);
            Assert.Equal(live.Count, opened.Statistics.LiveRecords);
            await opened.DisposeAsync();
        }

        Assert.True(whole > 0 && partial > 0, $"{whole} files lost, {partial} in part");
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_checkpoint_is_made_anew_as_the_state_at_the_durable_commit(bool packed)
    {
        for (int run = 0; run < 30 * TestSeed.Soak; run++)
        {
            LoggedStore store = await LivedAsync((ulong)run, packed, isClosed: run % 2 == 0);
            Lsn durable = store.Store.DurableLsn;
            SimWorld world = run % 2 == 0 ? store.World : store.World.AfterPowerCut((ulong)run, CrashModel.Reordered);
            IStorageDirectory directory = world.Directory("records");
            if (run % 3 == 0)
            {
                world.Disk.Overwrite("records/checkpoint", new byte[run * 7]);
            }
            else
            {
                directory.Delete("checkpoint");
            }

            List<Finding> reported = [];
            new SegmentsExaminer().Quarantine(directory, world.StoreId, durable, reported.Add, default);
            Assert.Contains(reported, finding => finding.Code == "checkpoint-lost");
            LoggedStore opened = await LoggedStore.OpenAsync(world, store.Options, store.Log, store.Reclaims);
            Assert.Equal(durable, opened.DurableAtOpen);
            opened.Check($"run {run}");
            await opened.Store.CheckpointAsync();
            opened = await opened.ReopenAsync();
            opened.Check($"run {run}");
            await opened.DisposeAsync();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_salvage_reads_around_damage_in_both_directions_and_says_where_it_was(bool packed)
    {
        Random random = Seeds.Generator(TestSeed.Value, 92);
        for (int run = 0; run < 40 * TestSeed.Soak; run++)
        {
            LoggedStore store = await LivedAsync((ulong)run, packed);
            HashSet<ulong> readable = [];
            Damage(store, random, 0, readable);
            IRecordStore opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);
            Assert.True(opened.TryGet(out IRecordSalvage? salvage));
            foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
            {
                List<Finding> lost = [];
                var sink = new Collector(int.MaxValue);
                salvage.Salvage(direction, lost.Add, ref sink);
                ulong[] expected =
                [
                    .. store.Model.Records.Where(r => !r.Value.IsDeleted && readable.Contains(r.Key)).Select(r => r.Key),
                ];
                Assert.Equal(
                    direction == ScanDirection.Forward ? expected : expected.Reverse(),
                    sink.Seen.Select(seen => seen.Location.Value));
                Assert.All(sink.Seen, seen => Assert.Equal(store.Model.Body(seen.Location), seen.Body));
                Assert.Equal(readable.Count < store.Model.Count, lost.Exists(f => f.Code == "record-damaged"));
                Assert.All(lost, finding => Assert.True(finding.Offset >= SegmentHeader.Bytes));
            }

            var some = new Collector(2);
            salvage.Salvage(ScanDirection.Forward, static _ => { }, ref some);
            Assert.Equal(2, some.Seen.Count);
            await opened.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sound_store_is_left_as_it_is_and_an_open_or_foreign_one_is_refused()
    {
        LoggedStore store = await LivedAsync(1, packed: false);
        long operations = store.World.Disk.Operations;
        Assert.Equal(default, Quarantine(store, store.Store.DurableLsn, []));
        Assert.Equal(operations, store.World.Disk.Operations);
        var foreign = Assert.Throws<StorageException>(() => new SegmentsExaminer().Quarantine(
            store.World.Directory("records"), Guid.NewGuid(), new Lsn(1), static _ => { }, default));
        Assert.Equal(StorageErrorCode.ForeignFile, foreign.Code);
        LoggedStore opened = await store.ReopenAsync();
        var locked = Assert.Throws<StorageException>(() => Quarantine(opened, new Lsn(1), []));
        Assert.Equal(StorageErrorCode.Locked, locked.Code);
        await opened.DisposeAsync();
    }

    private static async Task<LoggedStore> LivedAsync(ulong seed, bool packed, bool isClosed = true)
    {
        LoggedStore store = await LoggedStore.OpenAsync(seed + 1, Workload.OptionsOf(packed), canMap: seed % 2 == 0);
        await Workload.RunAsync(store, Seeds.Derive(TestSeed.Value, seed), new Workload.Promise());
        if (isClosed)
        {
            await store.Store.CheckpointAsync();
            await store.DisposeAsync();
        }

        return store;
    }

    private static QuarantineSummary Quarantine(LoggedStore store, Lsn durable, List<Finding> reported) =>
        Quarantine(store.World, durable, reported);

    private static QuarantineSummary Quarantine(SimWorld world, Lsn durable, List<Finding> reported) =>
        new SegmentsExaminer().Quarantine(world.Directory("records"), world.StoreId, durable, reported.Add, default);

    /// <summary>The live records that no damage touched are there, in both directions, and nothing else.</summary>
    private static async Task CheckReadableAsync(
        LoggedStore store, SimWorld world, Lsn durable, HashSet<ulong> readable, string context)
    {
        List<Finding> findings = [];
        new SegmentsExaminer().Examine(world.Directory("records"), world.StoreId, findings.Add, default);
        Assert.True(findings.Count == 0, $"{context}: {string.Join("; ", findings)}");
        IRecordStore opened = await SegmentRecordStore.OpenAsync(world.Context("records"), store.Options, default);
        Assert.Equal(durable, opened.DurableLsn);
        ulong[] expected =
            [.. store.Model.Records.Where(r => !r.Value.IsDeleted && readable.Contains(r.Key)).Select(static r => r.Key)];
        foreach (ScanDirection direction in Enum.GetValues<ScanDirection>())
        {
            var sink = new Collector(int.MaxValue);
            opened.Scan(direction, ref sink);
            Assert.True(
                expected.AsSpan().SequenceEqual([.. sink.Seen.Select(static seen => seen.Location.Value).Order()]),
                $"{context}: {sink.Seen.Count} records instead of {expected.Length}");
            Assert.All(sink.Seen, seen => Assert.Equal(store.Model.Body(seen.Location), seen.Body));
        }

        await opened.DisposeAsync();
    }

    /// <summary>Damages one or two segments; in other runs a file goes missing, or the tombstones too.</summary>
    /// <param name="store">Closed.</param>
    /// <param name="random">Decides where.</param>
    /// <param name="run">Decides what: 0 is a region.</param>
    /// <param name="readable">Receives the locations that no damage touches.</param>
    private static string[] Damage(LoggedStore store, Random random, int run, HashSet<ulong> readable)
    {
        CheckpointState state = CheckpointFile.Read(
            new SegmentCatalog(store.World.Directory("records"), store.World.StoreId), out _);
        List<string> damaged = [];
        readable.UnionWith(store.Model.Records.Select(record => record.Key));
        int victims = Math.Min(random.Next(1, 3), state.Segments.Count);
        SegmentEntry[] entries = [.. state.Segments];
        random.Shuffle(entries);
        foreach (SegmentEntry entry in entries.Take(victims))
        {
            string path = $"records/{SegmentFormat.SegmentName(entry.Number)}";
            if (run % 4 == 1)
            {
                store.World.Directory("records").Delete(SegmentFormat.SegmentName(entry.Number));
                readable.RemoveWhere(at => at >> 32 == entry.Number);
                continue;
            }

            byte[] old = store.World.Disk.ReadAllBytes(path);
            byte[] bytes = [.. old];
            long end = entry.FileEnd - entry.IndexBytes;
            int from = random.Next(run % 4 == 2 ? 0 : SegmentHeader.Bytes, (int)end);
            int length = (int)Math.Min(random.Next(1, 1200), end - from);
            if (run % 2 == 0)
            {
                bytes.AsSpan(from, length).Clear();
            }
            else
            {
                random.NextBytes(bytes.AsSpan(from, length));
            }

            if (bytes.AsSpan().SequenceEqual(old))
            {
                continue;
            }

            store.World.Disk.Overwrite(path, bytes);
            damaged.Add(path);
            readable.RemoveWhere(at => at >> 32 == entry.Number && IsTouched(store, entry, at, old, bytes));
        }

        return [.. damaged];
    }

    /// <summary>True when the bytes that a record is read from are others.</summary>
    internal static bool IsTouched(LoggedStore store, SegmentEntry entry, ulong at, byte[] old, byte[] bytes)
    {
        SegmentAddress address = SegmentAddress.Of(new RecordLocation(at));
        long from = address.Offset;
        long size = FrameFormat.Size(store.Model.Body(new RecordLocation(at)).Length);
        if (entry.Encoding == SegmentEncoding.Packed)
        {
            var catalog = new SegmentCatalog(store.World.Directory("records"), store.World.StoreId);
            PackedBlocks blocks = catalog.Blocks(
                entry.Number, new BytesFile(old), entry.FileEnd, entry.IndexBytes, entry.End);
            BlockEntry block = blocks.Entries.ToArray().Last(b => b.Start <= address.Offset);
            (from, size) = (block.Place, block.FileBytes);
        }

        return !old.AsSpan((int)from, (int)size).SequenceEqual(bytes.AsSpan((int)from, (int)size));
    }

    private static async Task CheckOpenedAsync(LoggedStore store, Lsn durable, HashSet<ulong> readable, string context)
    {
        await CheckReadableAsync(store, store.World, durable, readable, context);
        IRecordStore opened = await SegmentRecordStore.OpenAsync(store.World.Context("records"), store.Options, default);

        // As a replay would: what deletes a record that is lost is no news.
        RecordLocation[] all = [.. store.Model.Records.Select(record => new RecordLocation(record.Key))];
        var next = new RecordLocation[1];
        opened.Plan([100], next);
        RecordMutation[] mutations =
        [
            new(RecordOperation.Put, next[0], 0, 100),
            .. all.Select(location => new RecordMutation(RecordOperation.Delete, location, 0, 0)),
        ];
        foreach (RecordLocation location in all)
        {
            Exception? error = Record.Exception(() =>
            {
                using RecordLease lease = opened.Read(location);
                Assert.True(lease.Bytes.SequenceEqual(store.Model.Body(location)));
            });
            Assert.True(
                readable.Contains(location.Value)
                    ? error is null
                    : error is StorageException { Code: StorageErrorCode.NotFound },
                $"{context}: {location}: {error}");
        }

        opened.Apply(new RecordBatch(durable.Next, new byte[100], mutations));
        await opened.CheckpointAsync();
        RecordStoreStatistics statistics = opened.Statistics;
        Assert.Equal((1, readable.Count), (statistics.LiveRecords, statistics.DeadRecords));
        await opened.DisposeAsync();
    }
}
