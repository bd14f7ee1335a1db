using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;
using Mortise.Engine.Tests.Simulation;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Maintenance;

/// <summary>A store whose records are damaged in front of commits that only the log knows how to apply.</summary>
public sealed class QuarantineTests
{
    private const int Checkpointed = 12;
    private const int Last = 20;

    /// <summary>The log goes on where the damaged records ended, whatever the records look like behind that.</summary>
    [Theory]
    [InlineData(SyncMode.Always, 100)]
    [InlineData(SyncMode.Always, 600)]
    [InlineData(SyncMode.Never, 6000)]
    public async Task A_lost_checkpoint_and_damaged_last_records_cost_those_and_what_the_log_has_comes_back(
        SyncMode mode, int bytes)
    {
        for (int damaged = 0; damaged <= 3; damaged++)
        {
            using var world = new SimWorld((ulong)damaged, eagerBackground: true);
            StoreEngine engine = await OpenAsync(world, mode, isRebuilt: false);
            for (int id = 1; id <= Last; id++)
            {
                await engine.PutAsync(id, bytes);
                if (id == 9)
                {
                    await engine.DeleteAsync(2);
                }

                if (id == Checkpointed)
                {
                    await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
                }
            }

            // One that stays whole, one that is lost, one that came after.
            await engine.DeleteAsync(5);
            await engine.DeleteAsync(Checkpointed);
            await engine.DeleteAsync(Checkpointed + 3);
            using SimWorld next = world.AfterProcessDeath();
            next.Disk.Root.OpenDirectory(OpenedParts.RecordsDirectory).Delete("checkpoint");
            for (int id = Checkpointed; id > Checkpointed - damaged; id--)
            {
                Damage(next, id, bytes);
            }

            StorageException refused = await Assert.ThrowsAsync<StorageException>(() => OpenAsync(next, mode, isRebuilt: false));
            Assert.Equal(StorageErrorCode.Corrupt, refused.Code);
            QuarantineReport report = StoreQuarantine.Run(SimStacks.Compose(next, mode, SimStacks.BTree));
            Assert.Contains(report.Findings, static finding => finding.Code == "checkpoint-lost");
            Assert.True(
                damaged > 0 == report.Findings.Any(static finding => finding.Code == "record-damaged"),
                string.Join("; ", report.Findings));
            Assert.Equal(damaged > 0, report.Records.BytesLost >= Math.Max(1, damaged * bytes));
            Assert.Equal(-1, report.Records.RecordsLost);

            StoreEngine reopened = await OpenAsync(next, mode, isRebuilt: true);
            long[] lost = [2, 5, Checkpointed + 3, .. Enumerable.Range(0, Math.Max(1, damaged)).Select(static i => Checkpointed - i)];
            long[] expected = [.. Enumerable.Range(1, Last).Select(static id => (long)id).Except(lost)];
            Assert.Equal(expected, reopened.Ids());

            // It goes on, and nothing has to be mended again.
            await reopened.PutAsync(30, bytes);
            await ObservedStore.Finish(next, reopened.CheckpointAsync().AsTask());
            using SimWorld cut = next.AfterPowerCut(1, CrashModel.SyncedOnly);
            Assert.Equal(default, StoreQuarantine.Run(SimStacks.Compose(cut, mode, SimStacks.BTree)).Records);
            StoreEngine last = await OpenAsync(cut, mode, isRebuilt: false);
            Assert.Equal([.. expected, 30], last.Ids());
        }
    }

    private static Task<StoreEngine> OpenAsync(SimWorld world, SyncMode mode, bool isRebuilt)
    {
        StoreComposition stack = SimStacks.Compose(world, mode, SimStacks.BTree);
        return ObservedStore.Finish(
            world,
            StoreEngine.OpenAsync(
                isRebuilt ? stack with { RebuildFamilies = [.. stack.Families.Select(static family => family.Name)] } : stack,
                SimProjections.All,
                new SimPlanner()).AsTask());
    }

    private static void Damage(SimWorld world, int id, int bytes)
    {
        byte[] body = SimRecord.Make(id, id % 3, 1_700_000_000 + id, bytes, (byte)id);
        string path = Assert.Single(
            world.Disk.FilePaths(),
            p => p.StartsWith("records/seg-", StringComparison.Ordinal) && world.Disk.ReadAllBytes(p).AsSpan().IndexOf(body) >= 0);
        byte[] file = world.Disk.ReadAllBytes(path);
        file.AsSpan(file.AsSpan().IndexOf(body), body.Length).Clear();
        world.Disk.Overwrite(path, file);
    }
}
