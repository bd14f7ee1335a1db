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
