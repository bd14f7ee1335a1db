using Mortise.Components;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Makes a lost checkpoint anew, from the frames of the segments and the blocks of the tombstones.</summary>
/// <remarks>
/// <para>The state is that at a commit which is known from outside to be durable: everything up to it is in the files, and
/// frames and tombstones carry their commit, so what came later is told apart. The log has it again.</para>
/// <para>What cannot be known: a segment that was given back and whose file was not deleted yet comes back, with its records
/// undeleted if the tombstones were rewritten since. The window for that is one file deletion.</para>
/// <para>Where the records end, the last whole frame says, unless the log knows better: it says where its first record goes,
/// and what is damaged in front of that place is lost, but still in front of it. A segment with another behind it ends with its
/// file.</para>
/// </remarks>
/// <param name="catalog">Where the files are.</param>
/// <param name="durable">The commit.</param>
/// <param name="next">Where the first record behind it goes; null when nobody knows.</param>
/// <param name="report">Told what does not belong to the state.</param>
/// <param name="cancellation">Stops it.</param>
internal sealed class CheckpointSearch(
    SegmentCatalog catalog, Lsn durable, SegmentAddress? next, Action<Finding> report, CancellationToken cancellation)
{
    private readonly List<(uint Segment, Finding Damage)> _damage = [];

    public CheckpointState Run()
    {
        List<SegmentEntry> segments = [];
        foreach (uint number in Numbers(SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix).Order())
        {
            cancellation.ThrowIfCancellationRequested();
            if (Entry(number) is { } entry)
            {
                segments.Add(entry);
            }
        }

        if (next is { } end)
        {
            EndAt(segments, end);
        }

        for (int i = 0; i + 1 < segments.Count; i++)
        {
            segments[i] = Sealed(segments[i]);
        }

        // What is damaged in front of an end is found again when the segment is mended.
        foreach ((uint number, Finding damage) in _damage)
        {
            if (segments.Find(entry => entry.Number == number).End <= damage.Offset)
            {
                report(damage);
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
        long end = Math.Min(blocks is null ? file.Length : Ends(blocks), MostOf(number));
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
            finding => _damage.Add((number, finding)),
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

    /// <summary>Behind this nothing of a segment belongs to the state.</summary>
    private long MostOf(uint number) =>
        next is not { } end || number < end.Segment ? long.MaxValue
        : number == end.Segment ? end.Offset
        : 0;

    /// <summary>Lets a segment end where its file says that it was sealed, even if the last records are damaged.</summary>
    private SegmentEntry Sealed(SegmentEntry entry)
    {
        using IStorageFile file = catalog.Files.Open(SegmentFormat.SegmentName(entry.Number), FileIntent.Read);
        if (entry.Encoding == SegmentEncoding.Plain)
        {
            long length = file.Length & ~(FrameFormat.Alignment - 1L);
            return length - entry.End < FrameFormat.MinFrameBytes ? entry : entry with { End = length, FileEnd = length };
        }

        byte[] trailer = new byte[BlockIndexFormat.TrailerBytes];
        return file.Read(trailer, Math.Max(0, file.Length - trailer.Length)) == trailer.Length
            && BlockIndexFormat.TryReadTrailer(trailer) is var (indexBytes, end)
            && end - entry.End >= FrameFormat.MinFrameBytes
            && catalog.ReadIndex(entry.Number, file, file.Length - indexBytes, indexBytes, end) is not null
            ? entry with { End = end, FileEnd = file.Length, IndexBytes = indexBytes }
            : entry;
    }

    /// <summary>Lets the state end where the log goes on.</summary>
    private void EndAt(List<SegmentEntry> segments, SegmentAddress end)
    {
        uint last = segments is [.., var found] ? found.Number : 0;
        uint wanted = end.Offset == SegmentHeader.Bytes ? end.Segment - 1 : end.Segment;
        if (wanted == 0)
        {
            return;
        }

        if (last < wanted)
        {
            // A segment that is gone, or of which nothing is left. It has at least one frame, which says that.
            segments.Add(new SegmentEntry(wanted, 0, SegmentHeader.Bytes + FrameFormat.MinFrameBytes, default));
        }
        else if (last == wanted && wanted < end.Segment)
        {
            segments[^1] = Sealed(segments[^1]);
        }

        if (wanted == end.Segment && segments[^1].End < end.Offset)
        {
            segments[^1] = segments[^1] with { End = end.Offset, FileEnd = Math.Max(segments[^1].FileEnd, end.Offset) };
        }
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
