using Mortise.Conformance;

namespace Mortise.Segments.Tests;

public sealed class WritebackLaws
{
    /// <summary>Else a checkpoint waits for the device to write all of it.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task What_is_written_before_a_checkpoint_is_on_its_way_to_the_device(bool packed)
    {
        var world = new SimWorld(1, new SimDiskOptions { KeepLog = true });
        await using LoggedStore store = await LoggedStore.OpenAsync(world, Workload.OptionsOf(packed), [], new());
        Random random = Seeds.Generator(1);
        for (int i = 0; i < 100; i++)
        {
            store.Commit([TestSeed.Bytes(random, 700)], []);
            world.Background.RunAll();
        }

        // Headers, at the beginning, and the indexes of packed segments come with the checkpoint.
        long written = world.Disk.Log
            .Where(static o => o.Kind == SimOperationKind.Write
                && o.Path.EndsWith(".seg", StringComparison.Ordinal) && o.Offset > 0)
            .Sum(static o => o.Length);
        Assert.True(written > 50_000);
        Assert.InRange(world.Disk.WritebackBytes, written * 9 / 10, written);
    }
}
