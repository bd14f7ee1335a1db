namespace Mortise.Indexing;

/// <summary>Counts and sizes of an index.</summary>
/// <param name="Entries">About how many entries; exact where the structure knows.</param>
/// <param name="DiskBytes">Bytes of all its files.</param>
/// <param name="MemoryBytes">Bytes it holds in memory, cached pages included.</param>
/// <param name="PagesRead">Pages read from disk since open.</param>
/// <param name="PagesWritten">Pages written to disk since open.</param>
public readonly record struct IndexStatistics(
    long Entries, long DiskBytes, long MemoryBytes, long PagesRead, long PagesWritten);
