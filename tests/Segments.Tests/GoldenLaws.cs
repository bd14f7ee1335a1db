using System.Reflection;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>A store that was written by the first version. UPDATE_GOLDEN=1 writes it anew, for a new version only.</summary>
public sealed class GoldenLaws
{
    public static string RepositoryRoot { get; } = typeof(GoldenLaws).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    [Fact]
    public async Task A_store_of_version_1_opens_and_is_still_written_the_same()
    {
        string folder = Path.Combine(RepositoryRoot, "tests/Segments.Tests/golden/v1");
        LoggedStore written = await WriteAsync();
        string[] paths = [.. written.World.Disk.FilePaths().Where(path => !path.EndsWith("lock", StringComparison.Ordinal))];
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(folder);
            foreach (string path in paths)
            {
                File.WriteAllBytes(GoldenOf(folder, path), written.World.Disk.ReadAllBytes(path));
            }
        }

        Assert.Equal(paths.Select(path => GoldenOf(folder, path)).Order(), Directory.GetFiles(folder).Order());
        var world = new SimWorld(8);
        IStorageDirectory directory = world.Directory(LoggedStore.Instance);
        foreach (string path in paths)
        {
            byte[] golden = File.ReadAllBytes(GoldenOf(folder, path));
            bool isSame = golden.AsSpan().SequenceEqual(written.World.Disk.ReadAllBytes(path));
            Assert.True(isSame, $"{path} is written differently");
            directory.Open(path.Split('/')[^1], FileIntent.CreateNew).Dispose();
            world.Disk.Overwrite(path, golden);
        }

        List<Finding> findings = [];
        new SegmentsExaminer().Examine(directory, world.StoreId, findings.Add, default);
        Assert.Empty(findings);
        LoggedStore read = await LoggedStore.OpenAsync(world, Workload.Options, written.Log, written.Reclaims);
        Assert.Equal(written.Model.Lsn, read.DurableAtOpen);
        read.Put([1, 2, 3]);
        read.Check();
        await read.DisposeAsync();
    }

    private static async Task<LoggedStore> WriteAsync()
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: Workload.Options);
        List<RecordLocation> all = [];
        foreach (int size in (int[])[1, 7, 8, 9, 400, 2000, 1500, 9000, 300, 300, 20])
        {
            byte[] body = new byte[size];
            for (int i = 0; i < size; i++)
            {
                body[i] = (byte)((i * 7) + size);
            }

            all.Add(store.Put(body));
        }

        store.Commit([], [all[1], all[5]]);
        await store.Store.CheckpointAsync();
        store.Commit([], [all[7]]);
        await store.Store.CheckpointAsync();
        await store.ReclaimAsync(SegmentAddress.Of(all[7]).Segment);
        store.Commit([[42]], [all[9]]);
        await store.Store.CheckpointAsync();
        await store.DisposeAsync();
        return store;
    }

    private static string GoldenOf(string folder, string path) => Path.Combine(folder, path.Split('/')[^1] + ".bin");
}
