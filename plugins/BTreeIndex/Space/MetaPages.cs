using Mortise.Files;

namespace Mortise.BTreeIndex;

/// <summary>The two meta pages and the order in which they are written.</summary>
/// <remarks>
/// <para>Page 0 is the state; page 1 is its copy. To change the state: everything that the new state refers to is
/// written and synced, which makes the copy of the old state durable too; page 0 is written and synced; page 1 is
/// written, and becomes durable by the next sync. At every moment one of the two is durable and whole: a crash finds the
/// old state or the new one.</para>
/// <para>At open the newer of the valid two counts. It may be in the operating system's cache alone, left there by a
/// sync that failed, so it is written and synced again before anyone is told of it.</para>
/// </remarks>
internal static class MetaPages
{
    /// <summary>Reads both pages.</summary>
    /// <param name="file">The file, which may be anything.</param>
    /// <param name="meta">The newest valid state.</param>
    /// <param name="fromPage">The page that it was read from.</param>
    /// <returns>Null, or what is wrong with both.</returns>
    public static string? TryRead(IStorageFile file, out MetaRecord meta, out uint fromPage)
    {
        Span<byte> page = stackalloc byte[MetaRecord.Bytes];
        fromPage = 0;
        string? problem = TryReadAt(file, 0, 0, page, out meta);
        if (problem is null)
        {
            if (TryReadAt(file, 1, meta.PageBytes, page, out MetaRecord copy) is null
                && copy.PageBytes == meta.PageBytes && copy.StoreId == meta.StoreId && copy.Epoch > meta.Epoch)
            {
                meta = copy;
                fromPage = 1;
            }

            return null;
        }

        for (int pageBytes = PageFormat.MinPageBytes; pageBytes <= PageFormat.MaxPageBytes; pageBytes *= 2)
        {
            if (TryReadAt(file, 1, pageBytes, page, out meta) is null && meta.PageBytes == pageBytes)
            {
                fromPage = 1;
                return null;
            }
        }

        return problem;
    }

    /// <summary>Makes the state that <see cref="TryRead"/> found durable in both pages.</summary>
    public static void Restore(IStorageFile file, MetaRecord meta)
    {
        Span<byte> page = stackalloc byte[MetaRecord.Bytes];
        bool isCopied = TryReadAt(file, 0, 0, page, out MetaRecord first) is null
            && first.Epoch == meta.Epoch
            && TryReadAt(file, 1, meta.PageBytes, page, out MetaRecord second) is null
            && second.Epoch == meta.Epoch;
        if (!isCopied)
        {
            // The other page is durable: it was synced before this one was written.
            Write(file, meta, 0);
            file.Sync(SyncKind.Full);
        }

        Write(file, meta, 1);
    }

    /// <summary>Writes one of the pages.</summary>
    public static void Write(IStorageFile file, MetaRecord meta, uint number) =>
        file.Write(meta.ToPage(number), (long)number * meta.PageBytes);

    /// <summary>Reads one of the pages.</summary>
    public static string? TryReadAt(
        IStorageFile file, uint number, long offset, Span<byte> page, out MetaRecord meta)
    {
        meta = default;
        return file.Read(page, offset) < page.Length
            ? $"the file ends before meta page {number} does"
            : MetaRecord.TryRead(page, number, out meta);
    }
}
