using Mortise.Files;

namespace Mortise.BTreeIndex;

/// <summary>The page file: reads that check, writes that seal.</summary>
/// <remarks>Threads: any, for disjoint pages.</remarks>
internal sealed class PageFile(IStorageFile file, int pageBytes, Guid storeId) : IDisposable
{
    private readonly long _seed = PageFormat.Seed(storeId);
    private long _pagesRead;
    private long _pagesWritten;

    public int PageBytes { get; } = pageBytes;

    public IStorageFile File { get; } = file;

    public long PagesRead => Interlocked.Read(ref _pagesRead);

    public long PagesWritten => Interlocked.Read(ref _pagesWritten);

    /// <summary>Reads consecutive pages without checking them.</summary>
    /// <exception cref="StorageException"><see cref="StorageErrorCode.Corrupt"/> when the file ends early.</exception>
    public void ReadRaw(Span<byte> to, uint firstPage)
    {
        long offset = Offset(firstPage);
        int read = File.Read(to, offset);
        Interlocked.Add(ref _pagesRead, to.Length / PageBytes);
        if (read < to.Length)
        {
            throw Corrupt(firstPage, $"the file ends {to.Length - read} bytes before the end of a page that is in use");
        }
    }

    /// <summary>Checks what <see cref="ReadRaw"/> gave.</summary>
    /// <param name="page">One page.</param>
    /// <param name="number">Its number.</param>
    /// <param name="type">What it must be.</param>
    /// <param name="owner">Whose it must be.</param>
    /// <param name="ordinal">Its place there.</param>
    public void Check(ReadOnlySpan<byte> page, uint number, PageType type, ulong owner, uint ordinal)
    {
        if (Problem(page, number, type, owner, ordinal) is { } problem)
        {
            throw Corrupt(number, problem);
        }
    }

    /// <summary>What is wrong with a page, or null.</summary>
    public string? Problem(ReadOnlySpan<byte> page, uint number, PageType type, ulong owner, uint ordinal) =>
        PageFormat.Check(page, number, _seed) is { } problem ? problem
        : PageFormat.Type(page) != type ? $"page {number} is of type {(byte)PageFormat.Type(page)}, expected {type}"
        : PageFormat.Owner(page) != owner ? $"page {number} belongs to run {PageFormat.Owner(page)}, expected {owner}"
        : PageFormat.Ordinal(page) != ordinal ? $"page {number} has ordinal {PageFormat.Ordinal(page)}, expected {ordinal}"
        : type is PageType.Leaf or PageType.Branch ? EntryPage.Check(page)
        : null;

    public void Seal(Span<byte> page, uint number) => PageFormat.Seal(page, number, _seed);

    /// <summary>Writes consecutive sealed pages.</summary>
    public void Write(ReadOnlySpan<byte> pages, uint firstPage)
    {
        File.Write(pages, Offset(firstPage));
        Interlocked.Add(ref _pagesWritten, pages.Length / PageBytes);
    }

    public StorageException Corrupt(uint page, string fact) =>
        new(StorageErrorCode.Corrupt, fact, File.Path, Offset(page), "rebuild the index with 'mortise doctor --repair'");

    public void Dispose() => File.Dispose();

    private long Offset(uint page) => (long)page * PageBytes;
}
