using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Segments.Tests;

public sealed class ModelLaws
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Random_commits_checkpoints_crashes_and_reopenings_equal_the_log(bool canMap)
    {
        int runs = 12 * TestSeed.Soak;
        for (int run = 0; run < runs; run++)
        {
            ulong seed = Seeds.Derive(TestSeed.Value, (ulong)run);
            try
            {
                await RunAsync(seed, canMap, steps: 120);
            }
            catch (Exception error)
            {
                throw new InvalidOperationException($"MORTISE_SEED={TestSeed.Value}, run {run}, mapped {canMap}", error);
            }
        }
    }

    private static async Task RunAsync(ulong seed, bool canMap, int steps)
    {
        Random random = Seeds.Generator(seed);
        LoggedStore store = await LoggedStore.OpenAsync(seed, SomeOptions(random), canMap);
        store.World.Cache = new FixedCacheGrant(20_000);
        List<RecordLocation> live = [];
        for (int step = 0; step < steps; step++)
        {
            switch (random.Next(100))
            {
                case < 70:
                    CommitSomething(store, random, live);
                    break;
                case < 73:
                    store.World.Background.RunOne();
                    break;
                case < 82:
                    await store.Store.CheckpointAsync();
                    Assert.Equal(store.Store.AppliedLsn, store.Store.DurableLsn);
                    break;
                case < 86:
                    store = await store.ReopenAsync(SomeOptions(random));
                    break;
                case < 89:
                    store = await store.AfterProcessDeathAsync(SomeOptions(random));
                    break;
                case < 94:
                    var model = (CrashModel)random.Next(1, 12);
                    store = await store.AfterPowerCutAsync(Seeds.Derive(seed, (ulong)step), model, SomeOptions(random));
                    break;
                case < 97:
                    await ReclaimSomethingAsync(store, random, live);
                    break;
                default:
                    store.Check();
                    break;
            }
        }

        store.Check();
        await store.DisposeAsync();
        Assert.Empty(store.World.Disk.OpenHandles);
    }

    private static SegmentsOptions SomeOptions(Random random) => new()
    {
        SegmentSize = ByteSize.KiB(random.Next(8, 33)),
        WriteBuffer = ByteSize.KiB(random.Next(4, 12)),
        MaxRecord = ByteSize.KiB(40),
        RewriteTombstonesAbove = 3,
        Compression = (RecordCompression)random.Next(2),
        CompressionBlock = ByteSize.KiB(4),
        CompressionLevel = 1,
    };

    private static async Task ReclaimSomethingAsync(LoggedStore store, Random random, List<RecordLocation> live)
    {
        uint[] segments = [.. store.Model.Segments().Order()];
        if (segments.Length > 1)
        {
            await store.ReclaimAsync(segments[random.Next(segments.Length - 1)]);
            live.Clear();
            live.AddRange(store.Model.Segments().SelectMany(segment => store.Model.Live(segment)));
        }
    }

    private static void CommitSomething(LoggedStore store, Random random, List<RecordLocation> live)
    {
        byte[][] puts = new byte[random.Next(0, 12)][];
        for (int i = 0; i < puts.Length; i++)
        {
            int length = random.Next(40) == 0 ? random.Next(1, 40 << 10) : random.Next(1, 900);
            puts[i] = TestSeed.Bytes(random, length);
        }

        List<RecordLocation> deletes = [];
        for (int i = random.Next(0, 4); i > 0 && live.Count > 0; i--)
        {
            int victim = random.Next(live.Count);
            deletes.Add(live[victim]);
            live.RemoveAt(victim);
        }

        live.AddRange(store.Commit(puts, [.. deletes]));
    }
}
