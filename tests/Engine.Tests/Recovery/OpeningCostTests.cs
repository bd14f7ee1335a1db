using Mortise.Conformance;
using Mortise.Engine.Tests.Observation;

namespace Mortise.Engine.Tests.Recovery;

/// <summary>What an idle store and an opening cost, counted in disk operations and commits, never in time.</summary>
public sealed class OpeningCostTests
{
    [Fact]
    public async Task An_idle_store_writes_nothing_whatever_time_passes()
    {
        using var world = new SimWorld(1, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(
            world,
            c => c with { Options = new EngineOptions { CheckpointInterval = TimeSpan.FromMinutes(5) } });
        for (int id = 0; id < 50; id++)
        {
            await engine.PutAsync(id);
        }

        await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        world.Background.RunAll();
        long operations = world.Disk.Operations;
        for (int hour = 0; hour < 100; hour++)
        {
            world.Clock.Advance(TimeSpan.FromHours(1));
            world.Background.RunAll();
            using StoreView view = engine.OpenView();
            await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
        }

        Assert.Equal(operations, world.Disk.Operations);

        // Closing cuts the log and writes what says that it was closed in order, however long it was open.
        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        Assert.InRange(world.Disk.Operations - operations, 0, 16);
    }

    [Fact]
    public async Task Opening_replays_what_came_after_the_checkpoint_and_costs_the_same_whatever_came_before()
    {
        var costs = new List<(long Replayed, long Operations)>();
        foreach (int history in (int[])[100, 400, 1600])
        {
            using var world = new SimWorld(2, eagerBackground: true);
            StoreEngine engine = await ObservedStore.OpenAsync(world);
            for (int id = 0; id < history; id++)
            {
                await engine.PutAsync(id);
            }

            await ObservedStore.Finish(world, engine.CheckpointAsync().AsTask());
            for (int id = 0; id < 25; id++)
            {
                await engine.PutAsync(history + id);
            }

            using SimWorld next = world.AfterProcessDeath();
            StoreEngine reopened = await ObservedStore.OpenAsync(next);
            costs.Add((reopened.OpenReport.ReplayedCommits, next.Disk.Operations));
        }

        Assert.All(costs, static cost => Assert.Equal(25, cost.Replayed));

        // Some operations are per file and segment of the log; none is per commit.
        Assert.True(costs[2].Operations <= costs[0].Operations + 20, string.Join(", ", costs));
    }

    [Fact]
    public async Task Opening_what_was_closed_in_order_replays_nothing_and_closing_it_again_writes_nothing()
    {
        using var world = new SimWorld(3, eagerBackground: true);
        StoreEngine engine = await ObservedStore.OpenAsync(world);
        for (int id = 0; id < 200; id++)
        {
            await engine.PutAsync(id);
        }

        await ObservedStore.Finish(world, engine.DisposeAsync().AsTask());
        using SimWorld next = world.AfterProcessDeath();
        StoreEngine reopened = await ObservedStore.OpenAsync(next);
        Assert.True(reopened.OpenReport.WasClean);
        Assert.Equal(0, reopened.OpenReport.ReplayedCommits);

        // An index may bring its spare header up to date; the log, the records and the manifest are left alone.
        Assert.All(
            next.Disk.Log.Where(static o => o.Number > 0),
            static o => Assert.StartsWith("indexes/", o.Path, StringComparison.Ordinal));
        long operations = next.Disk.Operations;
        await ObservedStore.Finish(next, reopened.DisposeAsync().AsTask());
        Assert.Equal(operations, next.Disk.Operations);
    }
}
