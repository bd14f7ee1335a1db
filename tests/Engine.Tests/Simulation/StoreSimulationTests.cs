using Mortise.Conformance;
using Mortise.Indexing;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Simulation;

/// <summary>Random writes, checkpoints, compactions, closes, kills and power cuts against an oracle of what was
/// acknowledged.</summary>
public sealed class StoreSimulationTests
{
    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Batch)]
    [InlineData(SyncMode.Never)]
    public async Task A_crash_leaves_what_the_sync_mode_promises_on_all_access_paths(SyncMode mode) =>
        await RunAsync(mode, SimStacks.BTree);

    [Fact]
    public async Task A_structure_that_keeps_nothing_is_rebuilt_to_the_same_promises() =>
        await RunAsync(SyncMode.Batch, SimStacks.MemoryIndex);

    /// <summary>At each seventh; at every one in a soak.</summary>
    [Theory]
    [InlineData(SyncMode.Always)]
    [InlineData(SyncMode.Batch)]
    [InlineData(SyncMode.Never)]
    public async Task A_power_cut_at_each_disk_operation_and_again_in_the_recovery_keeps_the_promises(SyncMode mode)
    {
        var simulation = new StoreSimulation(world => SimStacks.Compose(world, mode, SimStacks.BTree));
        int first = Seed.Get(1);
        for (int seed = first; seed < first + Seed.Rounds(1); seed++)
        {
            SimulationFailure? failure = await simulation.SweepAsync((ulong)seed, steps: 8, every: Seed.Rounds(1) == 1 ? 7 : 1);
            Assert.True(failure is null, $"mode {mode}, MORTISE_SEED={seed}: {failure}");
        }

        Assert.True(simulation.Counts.PowerCuts > 20, $"{simulation.Counts.PowerCuts} power cuts");
        Assert.True(simulation.Counts.CutsWhileOpening > 5, $"{simulation.Counts.CutsWhileOpening} while opening");
    }

    /// <summary>The power goes at the nth operation of opening, three times in a row, for every n.</summary>
    [Theory]
    [InlineData(40)]
    public async Task A_power_cut_at_every_operation_of_recovery_over_and_over_changes_nothing(int before)
    {
        var simulation = new StoreSimulation(world => SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree));
        int seed = Seed.Get(1);
        SimStep[] script = [.. SimScript.Generate((ulong)seed, 20).Where(static s => s is WriteStep or CheckpointStep)];
        int at = 0;
        long cuts;
        do
        {
            cuts = simulation.Counts.CutsWhileOpening;
            at++;
            CrashModel model = (CrashModel)(1 + (at % 11));
            PowerCutStep Again(PowerCutStep? then) => new(at, model, (ulong)at) { Then = then };
            var cut = new PowerCutStep(before, CrashModel.RandomSubset, (ulong)seed)
            {
                Then = Again(Again(Again(null))),
            };
            string? failure = await simulation.TryAsync((ulong)seed, [cut, .. script]);
            Assert.True(failure is null, $"MORTISE_SEED={seed}, cut at {before}, then at {at}: {failure}");
        }
        while (simulation.Counts.CutsWhileOpening > cuts);

        Assert.True(at > 5, $"recovery has {at} operations");
    }

    private static async Task RunAsync(SyncMode mode, ComponentPart<IIndexFamily> structure)
    {
        var simulation = new StoreSimulation(world => SimStacks.Compose(world, mode, structure));
        int first = Seed.Get(1);
        for (int seed = first; seed < first + Seed.Rounds(20); seed++)
        {
            SimulationFailure? failure = await simulation.RunAsync((ulong)seed, steps: 60);
            Assert.True(failure is null, $"mode {mode}, MORTISE_SEED={seed}: {failure}");
        }
    }
}
