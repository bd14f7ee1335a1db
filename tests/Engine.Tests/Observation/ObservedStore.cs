using Mortise.Conformance;
using Mortise.Engine.Tests.Simulation;
using Mortise.Simulation;

namespace Mortise.Engine.Tests.Observation;

/// <summary>A store in a simulated world, driven until its tasks are done.</summary>
internal static class ObservedStore
{
    public static async Task<StoreEngine> OpenAsync(SimWorld world, Func<StoreComposition, StoreComposition>? change = null)
    {
        StoreComposition composition = SimStacks.Compose(world, SyncMode.Always, SimStacks.BTree);
        return await Finish(
            world,
            StoreEngine.OpenAsync(change?.Invoke(composition) ?? composition, SimProjections.All, new SimPlanner()).AsTask());
    }

    public static Task PutAsync(this StoreEngine engine, long id, int bytes = 100) =>
        engine.WriteAsync(new SimWrite([SimRecord.Make(id, id % 3, 1_700_000_000 + id, bytes, (byte)id)], [])).AsTask();

    public static Task DeleteAsync(this StoreEngine engine, long id) =>
        engine.WriteAsync(new SimWrite([], [id])).AsTask();

    public static async Task<T> Finish<T>(SimWorld world, Task<T> task)
    {
        await Finish(world, (Task)task);
        return await task;
    }

    public static async Task Finish(SimWorld world, Task task)
    {
        while (!task.IsCompleted)
        {
            if (!world.Background.RunOne())
            {
                await Task.Yield();
            }
        }

        await task;
    }
}
