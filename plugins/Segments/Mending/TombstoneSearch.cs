using Mortise.Files;
using Mortise.Records;

namespace Mortise.Segments;

/// <summary>Finds the whole blocks of a tombstone file that is damaged, or whose end nobody knows.</summary>
internal sealed class TombstoneSearch(SegmentCatalog catalog, uint generation, CancellationToken cancellation)
{
    /// <summary>Where the last block that was found ends.</summary>
    public long End { get; private set; }

    /// <summary>The checksums of all blocks found, chained.</summary>
    public ulong Chain { get; private set; }

    /// <summary>The last commit that a block names.</summary>
    public Lsn LastLsn { get; private set; }

    /// <summary>True when blocks followed each other from the header on, without damage between them.</summary>
    public bool IsWhole { get; private set; } = true;

    /// <summary>Reads the file.</summary>
    /// <param name="end">Where blocks end at the latest.</param>
    /// <param name="through">Blocks of later commits do not count.</param>
    /// <returns>The locations, ascending, each once.</returns>
    public List<ulong> Run(long end, Lsn through)
    {
        string name = SegmentFormat.TombstoneName(generation);
        End = TombstoneFormat.HeaderBytes;
        if (!catalog.Files.Exists(name))
        {
            return [];
        }

        using IStorageFile file = catalog.Files.Open(name, FileIntent.Read);
        byte[] bytes = new byte[Math.Min(end, file.Length)];
        Span<byte> all = bytes.AsSpan(0, file.Read(bytes, 0));
        List<RecordLocation> found = [];
        for (int at = TombstoneFormat.HeaderBytes; at + TombstoneFormat.BlockHeaderBytes <= all.Length;)
        {
            cancellation.ThrowIfCancellationRequested();
            ulong key = SegmentFormat.PositionKey(catalog.StoreKey, TombstoneFormat.Place(generation, at));
            Lsn lsn = TombstoneFormat.LsnOf(all[at..]);
            ulong chain = Chain;
            int before = found.Count;
            int size = TombstoneFormat.TryDecodeBlock(all[at..], key, found, ref chain);
            if (size == 0)
            {
                IsWhole = false;
                at++;
                continue;
            }

            if (lsn > through)
            {
                found.RemoveRange(before, found.Count - before);
                break;
            }

            Chain = chain;
            LastLsn = lsn;
            at += size;
            End = at;
        }

        SortedSet<ulong> locations = [.. found.Select(static location => location.Value)];
        return [.. locations];
    }
}
