using Mortise.Components;
using Mortise.Conformance;

namespace Mortise.BTreeIndex.Tests;

/// <summary>What must hold for the file behind an index.</summary>
internal static class FileChecks
{
    public const string Path = "index/" + PageFormat.FileName;

    /// <summary>Used and free pages are all pages: nothing leaks and nothing is used twice.</summary>
    public static void AssertAllPagesAccountedFor(BTreeIndexFamily index)
    {
        MetaRecord meta = index.Durable.Meta;
        List<Extent> used = [];
        if (meta.Directory.Count > 0)
        {
            used.Add(meta.Directory);
        }

        foreach (DiskRun run in index.CurrentVersion.Disk)
        {
            run.Record.AddExtents(used);
        }

        long pages = PageFormat.FirstDataPage + used.Sum(extent => (long)extent.Count);
        Assert.Equal(index.Space.PageCount, pages + index.Space.FreePages);
    }

    public static List<Finding> Examine(SimWorld world)
    {
        List<Finding> findings = [];
        new BTreeExaminer().Examine(world.Directory("index"), world.StoreId, findings.Add, default);
        return findings;
    }
}
