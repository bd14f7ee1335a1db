using Mortise.Conformance;
using Mortise.Records;

namespace Mortise.Engine.Tests.Observation;

public sealed class StoreListenerTests
{
    [Fact]
    public async Task A_listener_hears_the_life_of_a_store_in_order()
    {
        using var world = new SimWorld(1, eagerBackground: true);
        var heard = new Listener();
        StoreEngine engine = await ObservedStore.OpenAsync(world, c => c with { Listeners = [heard] });
        Assert.Equal(["opening Log", "opening Records", "opening Families", "opened new"], heard.Take());

        for (int id = 0; id < 1000; id++)
        {
            await engine.PutAsync(id);
        }

        Assert.Empty(heard.Take());
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        Assert.Equal(["checkpoint started 1000", "checkpoint completed 1000"], heard.Take());

        // A checkpoint of nothing is none.
        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        Assert.Empty(heard.Take());

        for (int id = 0; id < 900; id++)
        {
            await engine.DeleteAsync(id);
        }

        await ObservedStore.Finish(world, engine.CompactAsync(new CompactionOptions { MinDeadFraction = 0.01 }).AsTask());
        string[] compaction = heard.Take();
        Assert.Equal("compaction started", compaction[0]);
        Assert.Contains(compaction, static line => line.StartsWith("reclaimed", StringComparison.Ordinal));
        Assert.Equal("compaction completed", compaction[^1]);

        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        Assert.Equal("closed", heard.Take()[^1]);
    }

    [Fact]
    public async Task A_listener_hears_of_replay_and_rebuild_with_their_totals()
    {
        using var world = new SimWorld(2, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        for (int id = 0; id < 300; id++)
        {
            await engine.PutAsync(id);
        }

        using SimWorld next = world.AfterProcessDeath();
        var heard = new Listener();
        await ObservedStore.OpenAsync(next, c => c with { Listeners = [heard], RebuildFamilies = ["group"] });
        string[] lines = heard.Take();
        Assert.Contains("opening Replay of 300", lines);
        Assert.Contains("opening Rebuild of 300", lines);
        Assert.Contains("rebuilt group", lines);
        Assert.Equal("opened", lines[^1]);
    }

    [Fact]
    public async Task A_failed_sync_is_told_once_and_a_listener_that_throws_stops_nobody()
    {
        using var world = new SimWorld(3, eagerBackground: true);
        var heard = new Listener();
        StoreEngine engine = await ObservedStore.OpenAsync(
            world, c => c with { Listeners = [new ThrowingListener(), heard] });
        await engine.PutAsync(1);
        heard.Take();
        world.Disk.Plant(SimOperationKind.Sync, "wal/*", 1, SimFaultEffect.SyncFailed);
        await Assert.ThrowsAsync<StorageException>(() => engine.PutAsync(2));
        await Assert.ThrowsAsync<StorageException>(() => engine.PutAsync(3));
        Assert.Equal(["faulted SyncFailed"], heard.Take());
        Assert.Contains(world.Log.Messages, static m => m.Message.Contains("a listener failed", StringComparison.Ordinal));
    }

    private sealed class Listener : IStoreListener
    {
        private readonly List<string> _heard = [];

        public string[] Take()
        {
            lock (_heard)
            {
                string[] all = [.. _heard];
                _heard.Clear();
                return all;
            }
        }

        public void OnOpening(OpeningProgress progress) =>
            Add(progress.Total == 0 ? $"opening {progress.Phase}" : $"opening {progress.Phase} of {progress.Total}");

        public void OnOpened(OpenReport report) => Add(report.IsNew ? "opened new" : "opened");

        public void OnCheckpointStarted(Lsn through) => Add($"checkpoint started {through}");

        public void OnCheckpointCompleted(CheckpointReport report) => Add($"checkpoint completed {report.Through}");

        public void OnCheckpointFailed(Exception cause) => Add("checkpoint failed");

        public void OnCompactionStarted() => Add("compaction started");

        public void OnSegmentReclaimed(SegmentUsage segment) => Add($"reclaimed {segment.Segment}");

        public void OnCompactionCompleted(CompactionReport report) => Add("compaction completed");

        public void OnFamilyRebuilt(RebuiltFamily family) => Add($"rebuilt {family.Family}");

        public void OnFaulted(Exception cause) => Add($"faulted {((StorageException)cause).Code}");

        public void OnClosed() => Add("closed");

        private void Add(string line)
        {
            lock (_heard)
            {
                _heard.Add(line);
            }
        }
    }

    private sealed class ThrowingListener : IStoreListener
    {
        public void OnFaulted(Exception cause) => throw new InvalidOperationException("a listener's own failure");
    }
}
