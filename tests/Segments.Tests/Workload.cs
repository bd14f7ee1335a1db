using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>A small deterministic life of a store that touches every kind of file and every step: appends over several
/// segments, deletions, checkpoints, a rewrite of tombstones, reclaiming.</summary>
internal static class Workload
{
    public static SegmentsOptions Options => new()
    {
        SegmentSize = ByteSize.KiB(8),
        WriteBuffer = ByteSize.KiB(4),
        MaxRecord = ByteSize.KiB(16),
        RewriteTombstonesAbove = 3,
    };

    /// <summary>The same, with compressed segments.</summary>
    public static SegmentsOptions PackedOptions
    {
        get
        {
            SegmentsOptions options = Options;
            options.Compression = RecordCompression.Brotli;
            options.CompressionBlock = ByteSize.KiB(4);
            return options;
        }
    }

    /// <summary>One or the other.</summary>
    public static SegmentsOptions OptionsOf(bool packed) => packed ? PackedOptions : Options;

    /// <summary>The last LSN that a completed checkpoint has covered, as the world outside remembers it.</summary>
    internal sealed class Promise
    {
        public Lsn Durable { get; set; }
    }

    public static async Task RunAsync(LoggedStore store, ulong seed, Promise promise, int rounds = 3)
    {
        Random random = Seeds.Generator(seed);
        for (int round = 0; round < rounds; round++)
        {
            for (int i = 0; i < 6; i++)
            {
                byte[][] puts = new byte[random.Next(1, 5)][];
                for (int p = 0; p < puts.Length; p++)
                {
                    puts[p] = TestSeed.Bytes(random, random.Next(12) == 0 ? 9000 : random.Next(1, 700));
                }

                store.Commit(puts, [.. SomeLive(store, random, random.Next(3))]);
                store.World.Background.RunAll();
            }

            await CheckpointAsync(store, promise);
            store.Commit([TestSeed.Bytes(random, 50)], [.. SomeLive(store, random, 2)]);
            uint[] segments = [.. store.Model.Segments().Order()];
            if (segments.Length > 1)
            {
                await store.ReclaimAsync(segments[0]);
                promise.Durable = store.Store.DurableLsn;
            }
        }

        store.Commit([TestSeed.Bytes(random, 5000)], []);
        await CheckpointAsync(store, promise);
        store.Commit([TestSeed.Bytes(random, 5000)], [.. SomeLive(store, random, 3)]);
    }

    private static async Task CheckpointAsync(LoggedStore store, Promise promise)
    {
        Lsn applied = store.Store.AppliedLsn;
        await store.Store.CheckpointAsync();
        Assert.True(store.Store.DurableLsn >= applied);
        promise.Durable = applied;
    }

    private static IEnumerable<RecordLocation> SomeLive(LoggedStore store, Random random, int count)
    {
        ulong[] live = [.. store.Model.Records.Where(record => !record.Value.IsDeleted).Select(record => record.Key)];
        random.Shuffle(live);
        return live.Take(count).Select(at => new RecordLocation(at));
    }
}
