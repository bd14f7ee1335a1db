using Mortise.Conformance;
using Mortise.Indexing;

namespace Mortise.BTreeIndex.Tests;

/// <summary>The shape of what is on disk.</summary>
public class PackedTreeTests
{
    private const int EntryBytes = 48;

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public void A_file_says_its_page_size_and_keeps_it(int pageKiB)
    {
        using SimWorld world = new(2, new SimDiskOptions { KeepLog = false });
        BTreeIndexFamily made = Open(world, pageKiB);
        BatchMaker batch = Numbered(1_000);
        batch.ApplyTo(made, 1);
        world.Background.Complete(made.CheckpointAsync());
        world.Background.Complete(made.DisposeAsync());
        BTreeIndexFamily opened = Open(world, pageKiB == 8 ? 16 : 8);
        Assert.Equal(pageKiB << 10, opened.Durable.Meta.PageBytes);
        Assert.Equal(pageKiB << 8, opened.Traits.MaxKeyBytes);
        using (IIndexSnapshot snapshot = opened.OpenSnapshot())
        {
            Oracle.AssertEqual(Oracle.Empty.With(batch), snapshot);
        }

        world.Background.Complete(opened.DisposeAsync());
    }

    [Theory]
    [InlineData(4)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(32)]
    public void A_packed_tree_has_full_leaves_in_order_in_one_piece_and_the_shortest_separators(int pageKiB)
    {
        BTreeIndexOptions options = new() { PageSize = ByteSize.KiB(pageKiB), MemoryBudget = ByteSize.KiB(64) };
        using IndexBench bench = new(options);
        Random random = new(pageKiB);
        byte[][] keys = new byte[20_000][];
        for (int i = 0; i < keys.Length; i++)
        {
            keys[i] = new byte[40];
            random.NextBytes(keys[i]);
        }

        foreach (byte[][] chunk in keys.Chunk(500))
        {
            BatchMaker batch = new();
            foreach (byte[] key in chunk)
            {
                batch.Set(key, new byte[8]);
            }

            batch.ApplyTo(bench.Index, bench.Index.AppliedLsn.Value + 1);
        }

        bench.World.Background.Complete(bench.Index.PackAsync());
        DiskRun run = Assert.Single(bench.Index.CurrentVersion.Disk);
        Assert.Equal((ulong)keys.Length, run.Record.Entries);
        Assert.Equal(1, run.Record.Leaves.Extents.Length);
        Assert.InRange(bench.Index.Space.FreePages, 0, PageSpace.SmallWastePages + (run.PageCount / 64));
        Assert.True(bench.Index.IsPacked);
        Assert.True(run.Record.Height > 0 && run.Record.FilterBlocks > 0);
        byte[] file = bench.World.Disk.ReadAllBytes(FileChecks.Path);
        byte[] before = [];
        List<byte[]> separators = Separators(file, run, pageKiB << 10);
        uint leaves = run.Record.Leaves.PageCount;
        long used = 0;
        Assert.Equal(leaves - 1, (uint)separators.Count);
        for (uint leaf = 0; leaf < leaves; leaf++)
        {
            ReadOnlySpan<byte> page = Page(file, run.Record.Leaves.PageOf(leaf), pageKiB << 10);
            List<byte[]> inLeaf = Keys(page);

            // The next entry may have made the prefix shorter, and so each of the others longer.
            int free = page.Length - (int)PageFormat.Used(page);
            int most = EntryBytes + (PageFormat.HeadBytes * inLeaf.Count / 4);
            Assert.True(leaf + 1 == leaves || free < most, $"leaf {leaf} has {free} bytes free");
            used += leaf + 1 == leaves ? 0 : PageFormat.Used(page);
            if (leaf > 0)
            {
                byte[] separator = separators[(int)leaf - 1];
                Assert.True(KeyOrder.Instance.Compare(before, separator) < 0);
                Assert.True(KeyOrder.Instance.Compare(separator, inLeaf[0]) <= 0);
                Assert.Equal(before.AsSpan().CommonPrefixLength(inLeaf[0]) + 1, separator.Length);
            }

            before = inLeaf[^1];
        }

        Assert.InRange(used, (leaves - 1) * (pageKiB << 10) * 97L / 100, (leaves - 1) * (long)(pageKiB << 10));
    }

    private static BTreeIndexFamily Open(SimWorld world, int pageKiB) => BTreeIndexOpener.Open(
        world.Context("index"), new BTreeIndexOptions { PageSize = ByteSize.KiB(pageKiB) }, default);

    private static BatchMaker Numbered(int count)
    {
        BatchMaker batch = new();
        for (int i = 0; i < count; i++)
        {
            batch.Set(IndexBench.Key(i), IndexBench.Value(i));
        }

        return batch;
    }

    private static ReadOnlySpan<byte> Page(byte[] file, uint number, int pageBytes) =>
        file.AsSpan((int)number * pageBytes, pageBytes);

    /// <summary>Those of the lowest level of branches, in order.</summary>
    private static List<byte[]> Separators(byte[] file, DiskRun run, int pageBytes)
    {
        List<byte[]> separators = [];
        for (uint ordinal = 0; ordinal < run.Record.Branches.PageCount; ordinal++)
        {
            ReadOnlySpan<byte> page = Page(file, run.Record.Branches.PageOf(ordinal), pageBytes);
            if (page[PageFormat.LevelOffset] == 1)
            {
                separators.AddRange(Keys(page));
            }
        }

        return separators;
    }

    private static unsafe List<byte[]> Keys(ReadOnlySpan<byte> bytes)
    {
        Assert.Null(EntryPage.Check(bytes));
        List<byte[]> keys = [];
        byte[] buffer = new byte[bytes.Length];
        fixed (byte* at = bytes)
        {
            EntryPage page = new(at);
            for (int i = 0; i < page.Count; i++)
            {
                keys.Add(buffer[..page.CopyKey(i, buffer)]);
            }
        }

        return keys;
    }
}
