using System.Runtime.Intrinsics.X86;

namespace Mortise.BTreeIndex;

/// <summary>Descends a packed tree.</summary>
internal static unsafe class RunLookup
{
    /// <summary>No run has so many leaves.</summary>
    public const uint Unknown = uint.MaxValue;

    /// <summary>Looks a key up.</summary>
    /// <param name="run">The run.</param>
    /// <param name="cache">Its pages.</param>
    /// <param name="reader">An entered reader.</param>
    /// <param name="key">The whole key.</param>
    /// <param name="head">Its <see cref="KeyHead.Of"/>.</param>
    /// <param name="hash">Its <see cref="PointFilter.Hash"/>.</param>
    /// <param name="isFetched">Whether <see cref="PrefetchFilter"/> came before: then the filter is asked first, and
    /// otherwise fetched while branches are searched.</param>
    /// <param name="value">Receives the value.</param>
    /// <param name="valueLength">The value's length, or -1 for a tombstone.</param>
    /// <returns>False when the run has no entry of the key.</returns>
    public static bool TryFind(
        DiskRun run,
        PageCache cache,
        ReaderSlot reader,
        ReadOnlySpan<byte> key,
        ulong head,
        ulong hash,
        bool isFetched,
        Span<byte> value,
        out int valueLength)
    {
        valueLength = 0;
        if (!run.MayHold(head))
        {
            return false;
        }

        byte* block = FilterBlock(run, cache, reader, hash, mayLoad: true);
        uint leaf = Unknown;
        if (!isFetched)
        {
            // The filter's line is on its way while branches are searched that are in memory, mostly in a cache nearby.
            Prefetch(block);
            leaf = LeafOf(run, cache, reader, key, mayLoad: false);
        }

        if (block != null && !PointFilter.MayContain(in *block, hash))
        {
            return false;
        }

        leaf = leaf == Unknown ? LeafOf(run, cache, reader, key) : leaf;
        ref readonly EntryPage page = ref Leaf(run, cache, reader, leaf).Page;

        // The filter says it is there, so its value is fetched from where it should be, together with the heads.
        page.PrefetchLookup(key);
        int index = page.LowerBound(key, out bool isEqual);
        if (!isEqual)
        {
            return false;
        }

        if (page.IsTombstone(index))
        {
            valueLength = -1;
            return true;
        }

        ReadOnlySpan<byte> found = page.Value(index, stackalloc byte[EndColumn.NumberBytes]);
        if (found.Length > value.Length)
        {
            throw new ArgumentException($"the value has {found.Length} bytes, the buffer {value.Length}", nameof(value));
        }

        found.CopyTo(value);
        valueLength = found.Length;
        return true;
    }

    /// <summary>The ordinal of the leaf under which a key belongs.</summary>
    public static uint LeafOf(DiskRun run, PageCache cache, ReaderSlot reader, ReadOnlySpan<byte> key) =>
        LeafOf(run, cache, reader, key, mayLoad: true);

    private static uint LeafOf(DiskRun run, PageCache cache, ReaderSlot reader, ReadOnlySpan<byte> key, bool mayLoad)
    {
        RunRecord record = run.Record;
        if (record.Height == 0)
        {
            return 0;
        }

        uint ordinal = record.Branches.PageCount - 1;
        for (int level = record.Height; ; level--)
        {
            uint number = record.Branches.PageOf(ordinal);
            PageFrame? frame = mayLoad
                ? cache.Get(reader, number, PageType.Branch, run.Id, ordinal)
                : cache.Find(reader, number, run.Id);
            if (frame is null)
            {
                return Unknown;
            }

            ref readonly EntryPage page = ref frame.Page;
            ulong child = page.Rank + (ulong)page.ChildOf(key);

            // Children of branches stand before them: so a damaged page that passes its checksum cannot make a circle.
            if (child >= (level == 1 ? record.Leaves.PageCount : ordinal))
            {
                throw cache.Corrupt(number, $"branch {ordinal} of run {run.Id} names child {child} on level {level - 1}");
            }

            ordinal = (uint)child;
            if (level == 1)
            {
                return ordinal;
            }
        }
    }

    public static PageFrame Leaf(DiskRun run, PageCache cache, ReaderSlot reader, uint ordinal) =>
        cache.Get(reader, run.Record.Leaves.PageOf(ordinal), PageType.Leaf, run.Id, ordinal);

    /// <summary>Entries before a key, and how many of them are tombstones.</summary>
    public static (ulong Entries, ulong Tombstones) Rank(
        DiskRun run, PageCache cache, ReaderSlot reader, ReadOnlySpan<byte> key)
    {
        ref readonly EntryPage page = ref Leaf(run, cache, reader, LeafOf(run, cache, reader, key)).Page;
        int index = page.LowerBound(key, out _);
        ulong tombstones = page.Tombstones;
        if (run.Record.Tombstones > 0 && !page.IsUniform)
        {
            for (int i = 0; i < index; i++)
            {
                tombstones += page.IsTombstone(i) ? 1UL : 0;
            }
        }

        return (page.Rank + (ulong)index, tombstones);
    }

    /// <summary>Brings the filter's line for a hash nearer, so that those of several runs are on their way at
    /// once.</summary>
    public static void PrefetchFilter(DiskRun run, PageCache cache, ReaderSlot reader, ulong head, ulong hash)
    {
        if (run.MayHold(head))
        {
            Prefetch(FilterBlock(run, cache, reader, hash, mayLoad: false));
        }
    }

    private static void Prefetch(byte* line)
    {
        if (line != null && Sse.IsSupported)
        {
            Sse.Prefetch0(line);
        }
    }

    /// <summary>The block of a run's filter that a hash belongs to; null for a run without a filter, or when its page
    /// is not in memory and may not be loaded.</summary>
    private static byte* FilterBlock(DiskRun run, PageCache cache, ReaderSlot reader, ulong hash, bool mayLoad)
    {
        if (run.Record.FilterBlocks == 0)
        {
            return null;
        }

        uint block = PointFilter.BlockOf(hash, run.Record.FilterBlocks);
        uint ordinal = block / cache.FilterBlocksPerPage;
        int offset = PageFormat.HeaderBytes
            + ((int)(block - (ordinal * cache.FilterBlocksPerPage)) * PointFilter.BlockBytes);
        uint number = run.FilterPagesFirst + ordinal;
        PageFrame? frame = mayLoad
            ? cache.Get(reader, number, PageType.Filter, run.Id, ordinal)
            : cache.Find(reader, number, run.Id);
        return frame is null ? null : frame.Pointer + offset;
    }
}
