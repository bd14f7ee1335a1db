using Mortise.Components;
using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Host.Running;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Recovery;

/// <summary>Recovery with families beside each other is recovery one after the other.</summary>
public sealed class ParallelReplayTests
{
    private const int Ids = 400;

    [Fact]
    public async Task Replay_in_parallel_gives_the_state_that_replay_in_sequence_gives()
    {
        int seed = Seed.Get(17);
        for (int round = 0; round < Seed.Rounds(2); round++)
        {
            string context = $"MORTISE_SEED={seed}, round {round}";
            using var world = new SimWorld((ulong)(seed + round), eagerBackground: true);
            await LiveAsync(world, new Random(seed + round));

            List<string> expected = await RecoverAsync(world, c => c with { Options = Options(parallel: false) });
            Assert.True(expected.Count > 3 * Ids, context);
            for (int order = 0; order < 3; order++)
            {
                var background = new SimBackground((ulong)order);
                Assert.Equal(expected, await RecoverAsync(world, c => c with { Background = background }, background));
            }

            Assert.Equal(
                expected, await RecoverAsync(world, c => c with { Background = new HostBackground(NullLog.Instance) }));
        }
    }

    [Fact]
    public async Task A_rebuild_of_many_families_gives_the_same_whatever_the_number_of_scans_and_their_order()
    {
        int seed = Seed.Get(18);
        using var world = new SimWorld((ulong)seed, eagerBackground: true);
        await LiveAsync(world, new Random(seed));
        List<string> expected = await RecoverAsync(world, c => c with { Options = Options(parallel: false) });
        foreach (int scans in (int[])[1, 2, 3, 100])
        {
            for (int order = 0; order < 2; order++)
            {
                var background = new SimBackground((ulong)order);
                Assert.Equal(expected, await RecoverAsync(world, c => Rebuilding(c, scans, background), background));
            }

            Assert.Equal(
                expected, await RecoverAsync(world, c => Rebuilding(c, scans, new HostBackground(NullLog.Instance))));
        }

        static StoreComposition Rebuilding(StoreComposition stack, int scans, IBackground background) => stack with
        {
            Options = Options(parallel: true, scans),
            Background = background,
            RebuildFamilies = [.. stack.Families.Select(static f => f.Name)],
        };
    }

    [Fact]
    public async Task A_scan_that_fails_fails_the_opening_and_a_later_one_rebuilds_everything()
    {
        using var world = new SimWorld(6, eagerBackground: true);
        await LiveAsync(world, new Random(6));
        List<string> expected = await RecoverAsync(world, c => c with { Options = Options(parallel: false) });
        using SimWorld next = world.AfterProcessDeath();
        SimFault fault = next.Disk.Plant(
            SimOperationKind.Mutations, "indexes/id/*/*", 1, SimFaultEffect.Io, sticky: true);
        StorageException failure = await Assert.ThrowsAsync<StorageException>(
            () => ObservedStore.OpenAsync(next, c => Compose(c) with { RebuildFamilies = ["id", "group", "group-hash"] }));
        Assert.Equal(StorageErrorCode.Io, failure.Code);
        Assert.True(fault.Fired > 0);
        Assert.Empty(next.Background.Registered);
        Assert.Empty(next.Disk.OpenHandles);

        next.Disk.ClearFaults();
        Assert.Equal(expected, Describe(await ObservedStore.OpenAsync(next, Compose)));
    }

    [Fact]
    public async Task A_lane_that_fails_fails_the_opening_and_a_later_one_succeeds()
    {
        using var world = new SimWorld(5, eagerBackground: true);
        await LiveAsync(world, new Random(5));
        using SimWorld next = world.AfterProcessDeath();

        // Every write of the group family fails: replay creates its partitions, one for each year.
        SimFault fault = next.Disk.Plant(
            SimOperationKind.Mutations, "indexes/group*/*", 1, SimFaultEffect.Io, sticky: true);
        StorageException failure = await Assert.ThrowsAsync<StorageException>(
            () => ObservedStore.OpenAsync(next, Compose));
        Assert.Equal(StorageErrorCode.Io, failure.Code);
        Assert.True(fault.Fired > 0);
        Assert.Empty(next.Background.Registered);
        Assert.Empty(next.Disk.OpenHandles);

        next.Disk.ClearFaults();
        StoreEngine engine = await ObservedStore.OpenAsync(next, Compose);
        Assert.Equal(
            await RecoverAsync(world, c => c with { Options = Options(parallel: false) }), Describe(engine));
    }

    private static EngineOptions Options(bool parallel, int scans = 2) => new()
    {
        RebuildScans = scans,
        SyncMode = SyncMode.Always,
        CheckpointInterval = TimeSpan.FromHours(10),
        ParallelReplay = parallel,
        ReplayChunk = ByteSize.KiB(8),
    };

    /// <summary>Five families: both structures, three schemes, inline records and none.</summary>
    private static StoreComposition Compose(StoreComposition stack)
    {
        IPartitionScheme hash = stack.Families[0].Partitions;
        return stack with
        {
            Options = Options(parallel: true),
            Families =
            [
                .. stack.Families,
                .. stack.Families.Select(static f => Of(f, "memory-", SimStacks.MemoryIndex)),
                new FamilyPart
                {
                    Name = "group-hash",
                    Projection = SimProjections.Group,
                    Structure = SimStacks.BTree,
                    Partitions = hash,
                },
            ],
        };

        static FamilyPart Of(FamilyPart part, string prefix, ComponentPart<IIndexFamily> structure) => new()
        {
            Name = prefix + part.Name,
            Projection = part.Projection,
            Structure = structure,
            Partitions = part.Partitions,
            InlineBelowBytes = part.InlineBelowBytes,
        };
    }

    private static async Task LiveAsync(SimWorld world, Random random)
    {
        StoreEngine engine = await ObservedStore.OpenAsync(world, Compose);
        for (int i = 0; i < 300; i++)
        {
            if (i == 100)
            {
                await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
            }

            var puts = new List<byte[]>();
            for (int k = random.Next(1, 5); k > 0; k--)
            {
                long ordinal = 1_500_000_000L + random.Next(250_000_000);
                puts.Add(SimRecord.Make(random.Next(Ids), random.Next(5), ordinal, random.Next(200), (byte)i));
            }

            await engine.WriteAsync(new SimWrite(puts, [random.Next(Ids)]));
            world.Background.AfterCall();
        }
    }

    private static async Task<List<string>> RecoverAsync(
        SimWorld world, Func<StoreComposition, StoreComposition> change, SimBackground? background = null)
    {
        using SimWorld next = world.AfterProcessDeath();
        StoreComposition stack = change(Compose(SimStacks.Compose(next, SyncMode.Always, SimStacks.BTree)));
        Task<StoreEngine> opening = StoreEngine.OpenAsync(stack, SimProjections.All, new SimPlanner()).AsTask();
        SimBackground driven = background ?? next.Background;
        while (!opening.IsCompleted)
        {
            if (!driven.RunOne())
            {
                await Task.Yield();
            }
        }

        StoreEngine engine = await opening;
        Assert.Equal(200, engine.OpenReport.ReplayedCommits);
        return Describe(engine);
    }

    private static List<string> Describe(StoreEngine engine)
    {
        using StoreView view = engine.OpenView();
        var lines = new List<string> { $"lsn {view.Lsn}" };
        foreach (FamilyView family in view.Families)
        {
            using FamilyCursor cursor = family.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
            while (cursor.MoveNext())
            {
                lines.Add(
                    $"{family.Name} {Convert.ToHexString(cursor.Key)} {cursor.Location} "
                    + Convert.ToHexString(cursor.Inline));
            }
        }

        var sink = new Lines(lines);
        view.Records.Scan(ScanDirection.Forward, ref sink);
        return lines;
    }

    private readonly struct Lines(List<string> lines) : IRecordSink
    {
        public bool Accept(RecordLocation location, ReadOnlySpan<byte> record, RecordInfo info)
        {
            lines.Add($"{location} {Convert.ToHexString(record)}");
            return true;
        }
    }
}
