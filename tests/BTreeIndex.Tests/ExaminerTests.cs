using System.Buffers.Binary;
using Mortise.Components;
using Mortise.Conformance;

namespace Mortise.BTreeIndex.Tests;

/// <summary>What the examiner says of pages that are wrong and have the checksum of what they say.</summary>
public class ExaminerTests
{
    private const int PageBytes = 4096;

    [Theory]
    [InlineData("key-order", "two keys of a leaf have changed places")]
    [InlineData("count", "a leaf is wrong about the entries before it")]
    [InlineData("count", "a leaf is wrong about the tombstones before it")]
    [InlineData("separator", "a separator is beyond the leaf behind it")]
    [InlineData("child", "a branch names the wrong children")]
    [InlineData("filter", "a filter has forgotten a run")]
    [InlineData("bounds", "the last key is not that of the directory")]
    [InlineData("page", "a leaf says that it is a branch's")]
    [InlineData("page", "a leaf stands in place of another")]
    public void A_wrong_page_with_a_right_checksum_is_found_by_name(string code, string damage)
    {
        using SimWorld world = DamageTests.MakeFile(out _);
        Assert.Empty(FileChecks.Examine(world));
        byte[] file = world.Disk.ReadAllBytes(FileChecks.Path);
        RunRecord run = LargestRun(world);
        uint first = run.Leaves.PageOf(0);
        uint last = run.Leaves.PageOf(run.Leaves.PageCount - 1);
        uint root = run.Branches.PageOf(run.Branches.PageCount - 1);
        uint changed = first;
        switch (damage)
        {
            case "two keys of a leaf have changed places":
                Span<byte> heads = Page(file, first)[PageFormat.HeaderBytes..];
                byte[] head = heads[..PageFormat.HeadBytes].ToArray();
                heads.Slice(PageFormat.HeadBytes, PageFormat.HeadBytes).CopyTo(heads);
                head.CopyTo(heads[PageFormat.HeadBytes..]);
                break;
            case "a leaf is wrong about the entries before it":
                changed = last;
                Add(Page(file, last)[PageFormat.RankOffset..], 1);
                break;
            case "a leaf is wrong about the tombstones before it":
                changed = last;
                Add(Page(file, last)[PageFormat.TombstonesOffset..], 1);
                break;
            case "a separator is beyond the leaf behind it":
                changed = root;
                Page(file, root)[PageFormat.HeaderBytes + PageFormat.HeadBytes - 1] ^= 0x40;
                break;
            case "a branch names the wrong children":
                changed = root;
                Add(Page(file, root)[PageFormat.RankOffset..], 1);
                break;
            case "a filter has forgotten a run":
                changed = run.Filter.Start;
                Page(file, changed)[PageFormat.HeaderBytes..].Clear();
                break;
            case "the last key is not that of the directory":
                changed = last;
                int count = BinaryPrimitives.ReadUInt16LittleEndian(Page(file, last)[PageFormat.CountOffset..]);
                Page(file, last)[PageFormat.HeaderBytes + (count * PageFormat.HeadBytes) - PageFormat.HeadBytes]++;
                break;
            case "a leaf says that it is a branch's":
                Page(file, first)[PageFormat.LevelOffset]++;
                break;
            default:
                changed = run.Leaves.PageOf(1);
                Page(file, first).CopyTo(Page(file, changed));
                break;
        }

        PageFormat.Seal(Page(file, changed), changed, PageFormat.Seed(world.StoreId));
        world.Disk.Overwrite(FileChecks.Path, file);
        List<Finding> findings = FileChecks.Examine(world);
        Assert.Contains(findings, f => f.Code == code && f.File == FileChecks.Path);
    }

    /// <summary>What depends on a page that cannot be read is no finding of its own.</summary>
    [Fact]
    public void One_damaged_page_is_one_finding_and_the_rest_is_looked_at()
    {
        using SimWorld world = DamageTests.MakeFile(out _);
        List<Extent> pages = [];
        LargestRun(world).AddExtents(pages);
        foreach (uint page in pages.SelectMany(extent => Enumerable.Range((int)extent.Start, (int)extent.Count)))
        {
            world.Disk.FlipBit(FileChecks.Path, (page * PageBytes) + 200, 3);
            Finding finding = Assert.Single(FileChecks.Examine(world));
            Assert.Equal(("page", page * (long)PageBytes), (finding.Code, finding.Offset));
            world.Disk.FlipBit(FileChecks.Path, (page * PageBytes) + 200, 3);
        }
    }

    private static Span<byte> Page(byte[] file, uint number) => file.AsSpan((int)number * PageBytes, PageBytes);

    private static void Add(Span<byte> number, ulong more) => BinaryPrimitives.WriteUInt64LittleEndian(
        number, BinaryPrimitives.ReadUInt64LittleEndian(number) + more);

    private static RunRecord LargestRun(SimWorld world)
    {
        using Files.IStorageFile file = world.Directory("index").Open(PageFormat.FileName, Files.FileIntent.Read);
        Assert.Null(MetaPages.TryRead(file, out MetaRecord meta, out _));
        List<RunRecord> runs = [];
        Assert.Null(BTreeIndexOpener.ReadDirectory(new PageFile(file, meta.PageBytes, world.StoreId), meta, runs));
        return runs.MaxBy(r => r.Leaves.PageCount)!;
    }
}
