using Mortise.Components;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Makes a lost checkpoint anew, from the frames of the segments and the blocks of the tombstones.</summary>
/// <remarks>
/// <para>The state is that at a commit which is known from outside to be durable: everything up to it is in the files, and
/// frames and tombstones carry their commit, so what came later is told apart. The log has it again.</para>
/// <para>What cannot be known: a segment that was given back and whose file was not deleted yet comes back, with its records
/// undeleted if the tombstones were rewritten since. The window for that is one file deletion.</para>
/// </remarks>
internal sealed class CheckpointSearch(
    SegmentCatalog catalog, Lsn durable, Action<Finding> report, CancellationToken cancellation)
{
    public CheckpointState Run()
    {
        List<SegmentEntry> segments = [];
        foreach (uint number in Numbers(SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix))
        {
            cancellation.ThrowIfCancellationRequested();
            if (Entry(number) is { } entry)
            {
                segments.Add(entry);
            }
        }

        return new CheckpointState
        {
            Sequence = 1,
            Lsn = durable,
            Tombstones = Tombstones(),
            Segments = segments,
        };
    }

    private TombstonePosition Tombstones()
    {
        foreach (uint generation in Numbers(
            SegmentFormat.TombstonePrefix, SegmentFormat.TombstoneSuffix).OrderDescending())
        {
            var search = new TombstoneSearch(catalog, generation, cancellation);
            List<ulong> found = search.Run(long.MaxValue, durable);
            if (found.Count > 0)
            {
                // A count and a chain that are right only when nothing between the blocks is damaged; else the file is
                // taken for damaged next, and written anew.
                return new TombstonePosition(
                    generation, search.End, found.Count, search.IsWhole ? search.Chain : search.Chain + 1);
            }
        }

        return default;
    }

    private SegmentEntry? Entry(uint number)
    {
        string name = SegmentFormat.SegmentName(number);
        using IStorageFile file = catalog.Files.Open(name, FileIntent.Read);
        byte[] page = new byte[SegmentHeader.Bytes];
        int read = file.Read(page, 0);
        StorageException? problem = SegmentHeader.Problem(page.AsSpan(0, read), catalog.StoreId, number, null, name);
        if (problem?.Code is StorageErrorCode.ForeignFile or StorageErrorCode.FormatTooNew)
        {
            throw problem;
        }

        SegmentEncoding[] encodings = problem is null
            ? [SegmentHeader.EncodingOf(page)]
            : [SegmentEncoding.Plain, SegmentEncoding.Packed];
        foreach (SegmentEncoding encoding in encodings)
        {
            if (Entry(number, file, encoding) is { } entry)
            {
                return entry;
            }
        }

        report(new Finding("segment-empty", name, -1, $"holds no record of a commit up to {durable}"));
        return null;
    }

    private SegmentEntry? Entry(uint number, IStorageFile file, SegmentEncoding encoding)
    {
        // Of a packed segment the blocks say where it ends, of a plain one the file's length.
        PackedBlocks? blocks = encoding == SegmentEncoding.Packed
            ? catalog.Blocks(number, file, file.Length, 0, long.MaxValue)
            : null;
        long end = blocks is null ? file.Length : Ends(blocks);
        if (end <= SegmentHeader.Bytes)
        {
            return null;
        }

        Extent extent = blocks is null
            ? new Extent(SegmentHeader.Bytes, end, file)
            : new Extent(SegmentHeader.Bytes, end, blocks);
        List<(long Offset, int Bytes)> frames = [];
        var walk = new SegmentExamination(
            catalog.StoreKey,
            number,
            SegmentFormat.SegmentName(number),
            new DeletionMap(),
            static _ => { },
            cancellation)
        {
            Frames = frames,
            Stop = durable,
        };
        walk.Walk(extent, file.Length);
        if (frames.Count == 0)
        {
            return null;
        }

        (long last, int size) = frames[^1];
        var entry = new SegmentEntry(number, (uint)size, last + size, walk.Found) { Encoding = encoding };
        return blocks is null ? entry : entry with { FileEnd = blocks.FileEndOf(entry.End) };
    }

    private static long Ends(PackedBlocks blocks)
    {
        long end = 0;
        foreach (BlockEntry block in blocks.Entries)
        {
            end = Math.Max(end, block.Start + block.ImageBytes);
        }

        return end;
    }

    private IEnumerable<uint> Numbers(string prefix, string suffix)
    {
        foreach (StorageEntry entry in catalog.Files.List())
        {
            if (SegmentFormat.TryNumber(entry.Name, prefix, suffix, out uint number))
            {
                yield return number;
            }
        }
    }
}
