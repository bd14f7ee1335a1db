namespace Mortise.Segments;

/// <summary>Which frames of one segment are deleted: one bit per 32 bytes, since no two frames start within them.</summary>
/// <remarks>Threads: <see cref="Set"/> from one thread at a time; <see cref="Contains"/> from any, without waiting.
/// Memory: nothing until the first deletion, then 4 KiB per MiB of segment that has any.</remarks>
internal sealed class DeletionMap
{
    private const int WordsPerPage = 512;
    private const int BitsPerPage = WordsPerPage * 64;

    private ulong[]?[] _pages = [];

    public bool Contains(long offset)
    {
        long bit = offset / FrameFormat.MinFrameBytes;
        ulong[]?[] pages = Volatile.Read(ref _pages);
        long page = bit / BitsPerPage;
        if (page >= pages.Length || Volatile.Read(ref pages[page]) is not { } words)
        {
            return false;
        }

        int inPage = (int)(bit % BitsPerPage);
        return (Volatile.Read(ref words[inPage / 64]) >> (inPage % 64) & 1) != 0;
    }

    /// <returns>False when it was set already.</returns>
    public bool Set(long offset)
    {
        long bit = offset / FrameFormat.MinFrameBytes;
        int page = (int)(bit / BitsPerPage);
        if (page >= _pages.Length)
        {
            var grown = new ulong[]?[Math.Max(page + 1, _pages.Length * 2)];
            _pages.CopyTo(grown, 0);
            Volatile.Write(ref _pages, grown);
        }

        ulong[]? words = _pages[page];
        if (words is null)
        {
            words = new ulong[WordsPerPage];
            Volatile.Write(ref _pages[page], words);
        }

        int inPage = (int)(bit % BitsPerPage);
        ulong mask = 1UL << (inPage % 64);
        ulong old = words[inPage / 64];
        Volatile.Write(ref words[inPage / 64], old | mask);
        return (old & mask) == 0;
    }
}
