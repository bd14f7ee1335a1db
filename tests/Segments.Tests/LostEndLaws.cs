using Mortise.Components;
using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>The checkpoint is lost, the end of the records in front of it is damaged, and the log has commits behind
/// it.</summary>
public sealed class LostEndLaws
{
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_lost_checkpoint_and_a_damaged_end_cost_the_damaged_records_and_the_log_fits_on(bool packed)
    {
        Random random = Seeds.Generator(TestSeed.Value, 95);
        int damaged = 0;
        int without = 0;
        for (int run = 0; run < 60 * TestSeed.Soak; run++)
        {
            string context = $"run {run} of seed {TestSeed.Value}, packed {packed}";
            LoggedStore store = await LoggedStore.OpenAsync((ulong)run + 1, Workload.OptionsOf(packed), canMap: run % 2 == 0);
            await Workload.RunAsync(store, Seeds.Derive(TestSeed.Value, (ulong)run), new Workload.Promise());
            await store.Store.CheckpointAsync();
            Lsn durable = store.Store.DurableLsn;
            RecordLocation[] before =
                [.. store.Model.Records.Where(static r => !r.Value.IsDeleted).Select(static r => new RecordLocation(r.Key))];
            for (int commit = 0; commit < 5; commit++)
            {
                // The log deletes records that are lost, too.
                store.Commit(
                    commit % 3 == 2 ? [] : [Body(random), Body(random)],
                    [.. before.Skip(before.Length - 1 - commit).Take(1)]);
            }

            RecordLocation next = store.Log.Where(batch => batch.Lsn > durable)
                .SelectMany(static batch => batch.Mutations).First(static m => m.Operation == RecordOperation.Put).Location;
            if (run % 2 == 0)
            {
                // What the log has may be in the files behind the end, or not.
                await store.Store.CheckpointAsync();
                durable = run % 4 == 0 ? durable : store.Store.DurableLsn;
            }

            bool isKnown = store.Log[^1].Lsn > durable;
            SimWorld world = store.World.AfterProcessDeath();
            HashSet<ulong> lost = Damage(store, world, random, run, durable, isKnown ? SegmentAddress.Of(next) : null);
            damaged += lost.Count > 0 ? 1 : 0;
            without += isKnown ? 0 : 1;
            world.Directory("records").Delete("checkpoint");
            List<Finding> reported = [];
            new SegmentsExaminer().Quarantine(
                world.Directory("records"), world.StoreId, durable, isKnown ? next : null, reported.Add, default);
            Assert.Contains(reported, static finding => finding.Code == "checkpoint-lost");

            List<Finding> left = [];
            new SegmentsExaminer().Examine(world.Directory("records"), world.StoreId, left.Add, default);
            Assert.True(left.Count == 0, $"{context}: {string.Join("; ", left)}");
            for (int open = 0; open < 2; open++)
            {
                IRecordStore opened = await SegmentRecordStore.OpenAsync(world.Context("records"), store.Options, default);
                foreach (LoggedBatch batch in store.Log)
                {
                    batch.ApplyTo(opened);
                }

                ulong[] expected =
                    [.. store.Model.Records.Where(r => !r.Value.IsDeleted && !lost.Contains(r.Key)).Select(static r => r.Key)];
                var sink = new Collector(int.MaxValue);
                opened.Scan(ScanDirection.Forward, ref sink);
                Assert.True(
                    expected.AsSpan().SequenceEqual([.. sink.Seen.Select(static seen => seen.Location.Value).Order()]),
                    $"{context}: {sink.Seen.Count} records instead of {expected.Length}; {string.Join("; ", reported)}");
                Assert.All(sink.Seen, seen => Assert.Equal(store.Model.Body(seen.Location), seen.Body));
                await opened.CheckpointAsync();
                await opened.DisposeAsync();
            }

            // Each damaged segment is reported.
            Assert.All(lost.Select(static at => (uint)(at >> 32)).Distinct(), segment => Assert.Contains(
                reported,
                finding => finding.File == SegmentFormat.SegmentName(segment)
                    && finding.Code is "record-damaged" or "segment-empty"));
        }

        Assert.True(damaged > 20 * TestSeed.Soak && without > 0, $"{damaged} damaged, {without} without a log");
    }

    private static byte[] Body(Random random)
    {
        byte[] body = new byte[random.Next(1, 900)];
        random.NextBytes(body);
        return body;
    }

    /// <summary>Damages the last records up to a commit; where the log says where they end, also all of them.</summary>
    private static HashSet<ulong> Damage(
        LoggedStore store, SimWorld world, Random random, int run, Lsn durable, SegmentAddress? next)
    {
        CheckpointState state = CheckpointFile.Read(new SegmentCatalog(world.Directory("records"), world.StoreId), out _);
        ulong last = store.Model.Records.Where(r => r.Value.Lsn <= durable).Select(static r => r.Key).LastOrDefault();
        SegmentEntry entry = state.Segments.FirstOrDefault(e => e.Number == last >> 32);
        if (last == 0 || entry.Number == 0)
        {
            return [];
        }

        string path = $"records/{SegmentFormat.SegmentName(entry.Number)}";
        byte[] old = world.Disk.ReadAllBytes(path);
        byte[] bytes = [.. old];
        (long from, long end) = (SegmentAddress.Of(new RecordLocation(last)).Offset, entry.FileEnd - entry.IndexBytes);
        if (entry.Encoding == SegmentEncoding.Packed)
        {
            PackedBlocks blocks = new SegmentCatalog(world.Directory("records"), world.StoreId).Blocks(
                entry.Number, new BytesFile(old), entry.FileEnd, entry.IndexBytes, entry.End);
            BlockEntry block = blocks.Entries.ToArray().Last(b => b.Start <= from);
            (from, end) = (block.Place, block.Place + block.FileBytes);
        }
        else
        {
            end = from + FrameFormat.Size(store.Model.Body(new RecordLocation(last)).Length);
        }

        // Without the log nothing says how far the damaged records went.
        from = next is not null && run % 3 == 0 ? SegmentHeader.Bytes : from;
        if (run % 5 == 0)
        {
            bytes.AsSpan((int)from, (int)(end - from)).Clear();
        }
        else
        {
            random.NextBytes(bytes.AsSpan((int)from, (int)(end - from)));
        }

        world.Disk.Overwrite(path, bytes);
        return
        [
            .. store.Model.Records.Where(r => r.Value.Lsn <= durable && r.Key >> 32 == entry.Number
                && QuarantineLaws.IsTouched(store, entry, r.Key, old, bytes)).Select(static r => r.Key),
        ];
    }
}
