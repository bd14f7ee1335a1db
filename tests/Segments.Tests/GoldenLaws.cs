using System.Reflection;
using Mortise.Components;
using Mortise.Conformance;
using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments.Tests;

/// <summary>Stores as each version wrote them. UPDATE_GOLDEN=1 writes those of the newest anew, for a new version
/// only.</summary>
public sealed class GoldenLaws
{
    public static string RepositoryRoot { get; } = typeof(GoldenLaws).Assembly
        .GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "RepositoryRoot").Value!;

    [Fact]
    public async Task A_store_is_still_written_as_version_2_was()
    {
        string folder = FolderOf("v2");
        LoggedStore written = await WriteAsync(Workload.Options);
        await MaybeUpdateAsync(folder, written);
        Assert.Equal(Paths(written).Select(path => GoldenOf(folder, path)).Order(), Directory.GetFiles(folder).Order());
        foreach (string path in Paths(written))
        {
            byte[] golden = File.ReadAllBytes(GoldenOf(folder, path));
            bool isSame = golden.AsSpan().SequenceEqual(written.World.Disk.ReadAllBytes(path));
            Assert.True(isSame, $"{path} is written differently");
        }
    }

    /// <summary>What compressed bytes look like is Brotli's business, so these are only read.</summary>
    [Theory]
    [InlineData("v1", false)]
    [InlineData("v2", false)]
    [InlineData("v2-packed", true)]
    public async Task A_store_of_every_version_opens(string version, bool packed)
    {
        string folder = FolderOf(version);
        LoggedStore written = await WriteAsync(Workload.OptionsOf(packed));
        await (packed ? MaybeUpdateAsync(folder, written) : Task.CompletedTask);
        var world = new SimWorld(8);
        IStorageDirectory directory = world.Directory(LoggedStore.Instance);
        foreach (string path in Paths(written))
        {
            directory.Open(path.Split('/')[^1], FileIntent.CreateNew).Dispose();
            world.Disk.Overwrite(path, File.ReadAllBytes(GoldenOf(folder, path)));
        }

        List<Finding> findings = [];
        new SegmentsExaminer().Examine(directory, world.StoreId, findings.Add, default);
        Assert.Empty(findings);

        // With other options than it was written with: what a segment is, it says itself.
        LoggedStore read = await LoggedStore.OpenAsync(
            world, Workload.OptionsOf(!packed), written.Log, written.Reclaims);
        Assert.Equal(written.Model.Lsn, read.DurableAtOpen);
        for (int i = 0; i < 20; i++)
        {
            read.Put(new byte[1000]);
        }

        await read.Store.CheckpointAsync();
        read.Check();
        read = await read.ReopenAsync();
        read.Check();
        await read.DisposeAsync();
    }

    private static string FolderOf(string version) =>
        Path.Combine(RepositoryRoot, "tests/Segments.Tests/golden", version);

    private static string[] Paths(LoggedStore written) =>
        [.. written.World.Disk.FilePaths().Where(path => !path.EndsWith("lock", StringComparison.Ordinal))];

    private static async Task MaybeUpdateAsync(string folder, LoggedStore written)
    {
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            Directory.CreateDirectory(folder);
            foreach (string path in Paths(written))
            {
                await File.WriteAllBytesAsync(GoldenOf(folder, path), written.World.Disk.ReadAllBytes(path));
            }
        }
    }

    private static async Task<LoggedStore> WriteAsync(SegmentsOptions options)
    {
        LoggedStore store = await LoggedStore.OpenAsync(options: options);
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
