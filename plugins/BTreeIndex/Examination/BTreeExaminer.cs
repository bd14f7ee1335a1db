using System.Globalization;
using Mortise.Components;
using Mortise.Files;

namespace Mortise.BTreeIndex;

/// <summary>Walks the page file of an index that may be closed, damaged or in use.</summary>
/// <remarks>Finding codes: <c>meta-page</c>, <c>foreign-file</c>, <c>directory</c>, <c>file-length</c>, and those of
/// <see cref="RunExamination"/>. Threads: any; an index that is checkpointed meanwhile may show findings that are gone
/// when it is examined again.</remarks>
internal sealed class BTreeExaminer : IExaminer
{
    /// <inheritdoc/>
    public ExaminationSummary Examine(
        IStorageDirectory files, Guid storeId, Action<Finding> report, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(report);
        List<string> notes = [];
        if (!files.Exists(PageFormat.FileName))
        {
            notes.Add("no index file");
            return new ExaminationSummary { Files = 0, Bytes = 0, Items = 0, Notes = notes };
        }

        using IStorageFile file = files.Open(PageFormat.FileName, FileIntent.Read);
        if (!TryReadMeta(file, storeId, report, out MetaRecord meta))
        {
            return new ExaminationSummary { Files = 1, Bytes = 2 * MetaRecord.Bytes, Items = 0, Notes = notes };
        }

        PageFile pages = new(file, meta.PageBytes, storeId);
        List<RunRecord> runs = [];
        if (BTreeIndexOpener.ReadDirectory(pages, meta, runs) is { } problem)
        {
            report(new Finding("directory", file.Path, (long)meta.Directory.Start * meta.PageBytes, problem));
            runs.Clear();
        }

        long needed = 0;
        long used = PageFormat.FirstDataPage;
        foreach (Extent extent in BTreeIndexOpener.UsedExtents(meta, runs))
        {
            needed = Math.Max(needed, (long)extent.End * meta.PageBytes);
            used += extent.Count;
        }

        if (file.Length < needed)
        {
            report(new Finding(
                "file-length", file.Path, file.Length, $"the file has {file.Length} bytes, its runs need {needed}"));
        }

        long entries = 0;
        foreach (RunRecord run in runs)
        {
            RunExamination examination = new(run, pages, report, cancellation);
            examination.Run();
            entries += examination.Entries;
            notes.Add(string.Create(
                CultureInfo.InvariantCulture,
                $"run {run.Id}: {run.Entries} entries, {run.Tombstones} of them tombstones, {run.Leaves.PageCount} leaves, {run.Branches.PageCount} branches on {run.Height} levels, {run.Filter.Count} filter pages"));
        }

        long all = Math.Max(used, (file.Length + meta.PageBytes - 1) / meta.PageBytes);
        notes.Insert(0, string.Create(
            CultureInfo.InvariantCulture,
            $"lsn {meta.Lsn}, epoch {meta.Epoch}, {all} pages of {meta.PageBytes} bytes: {used} used, {all - used} free"));
        return new ExaminationSummary
        {
            Files = 1,
            Bytes = pages.PagesRead * meta.PageBytes,
            Items = entries,
            Notes = notes,
        };
    }

    private static bool TryReadMeta(IStorageFile file, Guid storeId, Action<Finding> report, out MetaRecord meta)
    {
        string? problem = MetaPages.TryRead(file, out meta, out _);
        if (problem is not null)
        {
            report(new Finding("meta-page", file.Path, 0, $"neither meta page is usable: {problem}"));
            return false;
        }

        if (meta.StoreId != storeId)
        {
            report(new Finding(
                "foreign-file", file.Path, MetaRecord.StoreIdOffset, $"belongs to store {meta.StoreId}, expected {storeId}"));
            return false;
        }

        Span<byte> page = stackalloc byte[MetaRecord.Bytes];
        for (uint number = 0; number < PageFormat.FirstDataPage; number++)
        {
            long offset = (long)number * meta.PageBytes;
            if (MetaPages.TryReadAt(file, number, offset, page, out _) is { } one)
            {
                report(new Finding("meta-page", file.Path, offset, $"{one}; the other meta page is used"));
            }
        }

        return true;
    }
}
