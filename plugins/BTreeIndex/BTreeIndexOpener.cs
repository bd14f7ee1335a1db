using Mortise.Components;
using Mortise.Files;
using Mortise.Plugins;

namespace Mortise.BTreeIndex;

/// <summary>Opens an index, or makes an empty one in place of what cannot be read.</summary>
internal static class BTreeIndexOpener
{
    public static BTreeIndexFamily Open(
        ComponentContext context, BTreeIndexOptions options, CancellationToken cancellation)
    {
        ArgumentNullException.ThrowIfNull(context);
        ArgumentNullException.ThrowIfNull(options);
        foreach (OptionProblem problem in options.Validate())
        {
            throw new ArgumentException($"{problem.Option} {problem.Message}", nameof(options));
        }

        cancellation.ThrowIfCancellationRequested();
        IStorageDirectory files = context.Files;
        if (files.Exists(PageFormat.NewFileName))
        {
            files.Delete(PageFormat.NewFileName);
        }

        if (files.Exists(PageFormat.FileName))
        {
            if (TryOpen(context, options) is { } opened)
            {
                return opened;
            }
        }

        MetaRecord empty = new(
            (int)options.PageSize.Bytes, context.StoreId, 1, Lsn.None, 1, PageFormat.FirstDataPage, default, 0);
        return new BTreeIndexFamily(context, options, Create(files, empty), empty, []);
    }

    /// <summary>Reads a run directory and checks that no page is used twice.</summary>
    /// <returns>What is wrong, or null.</returns>
    public static string? ReadDirectory(PageFile file, MetaRecord meta, List<RunRecord> newestFirst)
    {
        if (meta.Directory.Count == 0)
        {
            return null;
        }

        if ((ulong)file.File.Length < ((ulong)meta.Directory.Start + meta.Directory.Count) * (ulong)meta.PageBytes)
        {
            return "the file ends before its run directory does";
        }

        int payload = meta.PageBytes - PageFormat.HeaderBytes;
        byte[] bytes = new byte[meta.DirectoryBytes];
        byte[] page = new byte[meta.PageBytes];
        for (uint i = 0; i < meta.Directory.Count; i++)
        {
            uint number = meta.Directory.Start + i;
            file.ReadRaw(page, number);
            if (file.Problem(page, number, PageType.Directory, meta.Epoch, i) is { } problem)
            {
                return problem;
            }

            Span<byte> rest = bytes.AsSpan((int)Math.Min(bytes.Length, (long)i * payload));
            page.AsSpan(PageFormat.HeaderBytes, Math.Min(rest.Length, payload)).CopyTo(rest);
        }

        return RunDirectory.TryRead(bytes, meta.PageBytes, meta.PageCount, newestFirst)
            ?? FindOverlap(UsedExtents(meta, newestFirst));
    }

    /// <summary>All extents of a state, in order of pages.</summary>
    public static List<Extent> UsedExtents(MetaRecord meta, List<RunRecord> runs)
    {
        List<Extent> used = [];
        if (meta.Directory.Count > 0)
        {
            used.Add(meta.Directory);
        }

        foreach (RunRecord run in runs)
        {
            run.AddExtents(used);
        }

        used.Sort(static (a, b) => a.Start.CompareTo(b.Start));
        return used;
    }

    private static string? FindOverlap(List<Extent> sorted)
    {
        for (int i = 1; i < sorted.Count; i++)
        {
            if (sorted[i].Start < sorted[i - 1].End)
            {
                return $"page {sorted[i].Start} is used twice";
            }
        }

        return null;
    }

    private static BTreeIndexFamily? TryOpen(ComponentContext context, BTreeIndexOptions options)
    {
        IStorageFile file = context.Files.Open(PageFormat.FileName, FileIntent.ReadWrite);
        try
        {
            List<RunRecord> runs = [];
            string? problem = MetaPages.TryRead(file, out MetaRecord meta, out _);
            if (problem is null && meta.StoreId != context.StoreId)
            {
                problem = $"the file belongs to store {meta.StoreId}, this is store {context.StoreId}";
            }

            PageFile pages = new(file, meta.PageBytes, context.StoreId);
            problem ??= ReadDirectory(pages, meta, runs);
            if (problem is null && meta.Lsn != Lsn.None)
            {
                MetaPages.Restore(file, meta);
                return new BTreeIndexFamily(context, options, pages, meta, runs);
            }

            if (problem is not null)
            {
                context.Log.Write(
                    ComponentLogLevel.Warning,
                    $"{context.InstanceName}: {file.Path} is not usable and starts empty: {problem}");
            }
        }
        catch
        {
            file.Dispose();
            throw;
        }

        // An empty state is made anew, so that it takes the page size of today's options.
        file.Dispose();
        return null;
    }

    private static PageFile Create(IStorageDirectory files, MetaRecord meta)
    {
        using (IStorageFile file = files.Open(PageFormat.NewFileName, FileIntent.CreateNew))
        {
            file.SetLength((long)PageFormat.FirstDataPage * meta.PageBytes);
            MetaPages.Write(file, meta, 0);
            MetaPages.Write(file, meta, 1);
            file.Sync(SyncKind.Full);
        }

        files.Rename(PageFormat.NewFileName, PageFormat.FileName);
        files.Sync();
        return new PageFile(files.Open(PageFormat.FileName, FileIntent.ReadWrite), meta.PageBytes, meta.StoreId);
    }
}
