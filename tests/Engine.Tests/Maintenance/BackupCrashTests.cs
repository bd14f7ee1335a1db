using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Indexing;
using Mortise.Partitioning;
using Mortise.Records;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Maintenance;

/// <summary>The power goes at every operation of a backup. The store is unharmed, an earlier copy stays one, and the next
/// backup is whole.</summary>
public sealed class BackupCrashTests
{
    private const string Target = "copy";
    private const int PutsAtOnce = 90;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_power_cut_at_any_operation_of_a_backup_harms_neither_the_store_nor_an_earlier_copy(bool isRenewed)
    {
        int seed = Seed.Get(23);
        CrashModel[] models = Enum.GetValues<CrashModel>();
        using SimWorld world = await SourceAsync(seed, isRenewed);
        using SimWorld reference = world.AfterProcessDeath();
        List<string> earlier = isRenewed ? await ContentsAsync(reference, CopyOf) : [];
        List<string> latest = await ContentsAsync(reference, SourceOf);
        Assert.NotEqual(earlier, latest);
        int cuts = 0;
        for (int at = 1; ; at++)
        {
            string context = $"MORTISE_SEED={seed}, renewed {isRenewed}, cut at {at}";
            using SimWorld running = world.AfterProcessDeath();
            running.Disk.CutPowerAt(at);
            bool isOver = await TryBackUpAsync(running);
            cuts += isOver ? 0 : 1;
            using SimWorld next = running.AfterPowerCut((ulong)at, models[at % models.Length]);

            // What is there is a whole copy, or none; which of two states it has depends on where the cut was.
            if (next.Disk.Root.OpenDirectory(Target).Exists("manifest"))
            {
                List<string> there = await ContentsAsync(next, CopyOf);
                Assert.True(
                    there.SequenceEqual(latest) || (isRenewed && IsBetween(there, earlier, latest)),
                    $"{context}: the copy has {there.Count} records, before {earlier.Count}, after {latest.Count}");
            }
            else
            {
                Assert.False(isRenewed, context);
            }

            Assert.True(await TryBackUpAsync(next), context);
            Assert.Equal(latest, await ContentsAsync(next, CopyOf));
            Assert.Equal(latest, await ContentsAsync(next, SourceOf));
            if (isOver)
            {
                break;
            }
        }

        Assert.True(cuts > 20, $"{cuts} cuts");
    }

    /// <summary>The earlier copy, or the records of a checkpoint of the store behind it.</summary>
    private static bool IsBetween(List<string> there, List<string> earlier, List<string> latest) =>
        there.SequenceEqual(earlier)
        || (earlier.Intersect(latest).All(there.Contains) && there.All(line => earlier.Contains(line) || latest.Contains(line)));

    private static async Task<SimWorld> SourceAsync(int seed, bool isRenewed)
    {
        var world = new SimWorld((ulong)seed, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        await WriteAsync(world, engine, 0);
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        if (isRenewed)
        {
            Assert.True(await TryBackUpAsync(world));
        }

        await WriteAsync(world, engine, PutsAtOnce);
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        await WriteAsync(world, engine, 2 * PutsAtOnce);
        return world;
    }

    private static async Task WriteAsync(SimWorld world, StoreEngine engine, int first)
    {
        for (int id = first; id < first + PutsAtOnce; id++)
        {
            await engine.PutAsync(id, bytes: 400);
            world.Background.AfterCall();
        }

        for (int id = first; id < first + PutsAtOnce; id += 3)
        {
            await engine.DeleteAsync(id);
        }
    }

    private static async Task<bool> TryBackUpAsync(SimWorld world)
    {
        try
        {
            await ObservedStore.Finish(
                world, StoreBackup.RunAsync(SourceOf(world), world.Disk.Root.OpenDirectory(Target)).AsTask());
            return true;
        }
        catch (SimulatedPowerCutException)
        {
            return false;
        }
    }

    private static StoreComposition SourceOf(SimWorld world) =>
        SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree);

    private static StoreComposition CopyOf(SimWorld world) =>
        SourceOf(world) with { Root = world.Disk.Root.OpenDirectory(Target) };

    /// <summary>The live records and how many entries each family has, of a store opened in a world of its own.</summary>
    private static async Task<List<string>> ContentsAsync(SimWorld world, Func<SimWorld, StoreComposition> compose)
    {
        using SimWorld own = world.AfterProcessDeath();
        StoreEngine engine = await ObservedStore.Finish(
            own, StoreEngine.OpenAsync(compose(own), SimProjections.All, new SimPlanner()).AsTask());
        var lines = new List<string>();
        using (StoreView view = engine.OpenView())
        {
            var sink = new Lines(lines);
            view.Records.Scan(ScanDirection.Forward, ref sink);
            lines.Sort(StringComparer.Ordinal);
            foreach (FamilyView family in view.Families)
            {
                int entries = 0;
                using FamilyCursor cursor = family.OpenCursor(KeyRange.All, OrdinalRange.All, EntryOrder.ByKey);
                while (cursor.MoveNext())
                {
                    entries++;
                }

                Assert.Equal(lines.Count, entries);
            }
        }

        await ObservedStore.Finish(own, engine.DisposeAsync().AsTask());
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
