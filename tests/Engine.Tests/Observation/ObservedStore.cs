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

    /// <summary>The records that a store shows, in the order of their ids, on all access paths.</summary>
    public static long[] Ids(this StoreEngine engine)
    {
        using StoreView view = engine.OpenView();
        Assert.True(AgreementCheck.Run(view).IsClean);
        var ids = new List<long>();
        using FamilyCursor cursor = view.Families[0].OpenCursor(
            Indexing.KeyRange.All, Partitioning.OrdinalRange.All, EntryOrder.ByKey);
        while (cursor.MoveNext())
        {
            using Records.RecordLease lease = view.Records.Read(cursor.Location);
            ids.Add(SimRecord.Id(lease.Bytes));
        }

        return [.. ids];
    }

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
