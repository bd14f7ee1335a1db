using Mortise.Files;

namespace Mortise.Segments;

/// <summary>All segments of a store, and how their files are opened for reading.</summary>
/// <remarks>Threads: lookups and opening from any thread; <see cref="Add"/> and <see cref="Remove"/> from the
/// writer.</remarks>
internal sealed class SegmentCatalog(IStorageDirectory files, Guid storeId, BlockCache? cache = null)
{
    private Segment[] _segments = [];

    /// <summary>In ascending order of numbers; a new array after each change.</summary>
    public Segment[] All => Volatile.Read(ref _segments);

    public IStorageDirectory Files => files;

    public Guid StoreId => storeId;

    public ulong StoreKey { get; } = SegmentFormat.StoreKey(storeId);

    /// <summary>True while what lies in files behind the records may still be wanted: commits in the log may refer to it.
    /// Guarded by the flusher's lock; set for good before the first record is staged.</summary>
    public bool KeepsTails { get; set; } = true;

    /// <summary>True when a file begun by an earlier life may hold plain frames that are still wanted.</summary>
    /// <remarks>Also when its header is not whole: frames may have reached the disk without it.</remarks>
    public bool HoldsTail(uint number)
    {
        string name = SegmentFormat.SegmentName(number);
        if (!KeepsTails || !files.Exists(name))
        {
            return false;
        }

        using IStorageFile file = files.Open(name, FileIntent.Read);
        byte[] page = new byte[SegmentHeader.Bytes];
        int read = file.Read(page, 0);
        return SegmentHeader.Problem(page.AsSpan(0, read), storeId, number, SegmentEncoding.Packed, name) is not null;
    }

    /// <summary>True when there are files of segments behind one.</summary>
    public bool IsAnyBehind(uint number) => Behind(number).Any();

    /// <summary>Deletes the files of segments behind one.</summary>
    /// <returns>True when there were any.</returns>
    public bool DeleteBehind(uint number)
    {
        bool isAny = false;
        foreach (string name in Behind(number))
        {
            files.Delete(name);
            isAny = true;
        }

        return isAny;
    }

    private IEnumerable<string> Behind(uint number) => files.List().Select(static entry => entry.Name).Where(
        name => SegmentFormat.TryNumber(name, SegmentFormat.SegmentPrefix, SegmentFormat.SegmentSuffix, out uint found)
            && found > number);

    public string PathOf(string name) => files.Path.Length == 0 ? name : $"{files.Path}/{name}";

    public Segment? Find(uint number)
    {
        Segment[] all = All;
        if (all.Length == 0 || number < all[0].Number || number > all[^1].Number)
        {
            return null;
        }

        // Numbers are dense until segments are reclaimed, so the first guess is nearly always right.
        uint guess = number - all[0].Number;
        if (guess < (uint)all.Length && all[guess].Number == number)
        {
            return all[guess];
        }

        int low = 0;
        int high = all.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (all[middle].Number == number)
            {
                return all[middle];
            }

            if (all[middle].Number < number)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return null;
    }

    public void Add(Segment segment)
    {
        Segment[] next = [.. _segments, segment];
        Volatile.Write(ref _segments, next);
    }

    public void Remove(Segment segment)
    {
        Segment[] next = Array.FindAll(_segments, other => !ReferenceEquals(other, segment));
        Volatile.Write(ref _segments, next);
    }

    /// <summary>The extents of a segment, after opening its file when this is the first use.</summary>
    /// <exception cref="StorageException">The file cannot be opened, or is not what it should be.</exception>
    public Extent[] Extents(Segment segment)
    {
        return segment.Extents ?? Open(segment, FileIntent.Read);
    }

    /// <summary>Opens a segment of an existing file.</summary>
    /// <param name="segment">Its <see cref="Segment.Tail"/> says how far the file counts.</param>
    /// <param name="intent">Writing is for the segment that is appended to.</param>
    public Extent[] Open(Segment segment, FileIntent intent)
    {
        lock (segment)
        {
            if (segment.Extents is { } ready)
            {
                return ready;
            }

            long end = segment.Tail.End;
            bool isPacked = segment.Encoding == SegmentEncoding.Packed;
            long fileEnd = isPacked ? segment.SealedFileEnd : end;
            IStorageFile file = OpenChecked(segment.Number, segment.Encoding, fileEnd, intent);
            try
            {
                segment.Packed = isPacked ? Blocks(segment.Number, file, fileEnd, segment.IndexBytes, end) : null;
                segment.Append(Written(segment, file, SegmentHeader.Bytes, end));
                segment.FileBytes = file.Length;
                segment.HasHeader = true;
                segment.File = file;
                if (intent == FileIntent.Read)
                {
                    // Thousands of segments must not need thousands of descriptors.
                    segment.LetGo()?.Dispose();
                }

                return segment.Extents!;
            }
            catch
            {
                file.Dispose();
                throw;
            }
        }
    }

    /// <summary>Opens a segment file whose header and length are right.</summary>
    public IStorageFile OpenChecked(uint number, SegmentEncoding encoding, long end, FileIntent intent)
    {
        string name = SegmentFormat.SegmentName(number);
        IStorageFile file = files.Open(name, intent);
        try
        {
            byte[] page = new byte[SegmentHeader.Bytes];
            int read = file.Read(page, 0);
            StorageException? problem = SegmentHeader.Problem(
                page.AsSpan(0, read), storeId, number, encoding, PathOf(name));
            if (problem is null && file.Length < end)
            {
                problem = StorageException.Corrupt(
                    PathOf(name), file.Length, $"ends after {file.Length} bytes, its records end at {end}");
            }

            return problem is null ? file : throw problem;
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>The blocks of an open file.</summary>
    /// <param name="number">The segment's.</param>
    /// <param name="file">Its file.</param>
    /// <param name="fileEnd">Bytes of it that count.</param>
    /// <param name="indexBytes">Bytes of the index at their end; 0 when there is none.</param>
    /// <param name="end">Where the frames end.</param>
    public PackedBlocks Blocks(uint number, IStorageFile file, long fileEnd, uint indexBytes, long end)
    {
        var blocks = new PackedBlocks(
            StoreKey, number, file, () => files.Open(SegmentFormat.SegmentName(number), FileIntent.Read), cache);
        long blocksEnd = fileEnd - indexBytes;
        if (ReadIndex(number, file, blocksEnd, indexBytes, end) is { } entries)
        {
            foreach (BlockEntry entry in entries)
            {
                blocks.Append(entry);
            }
        }
        else
        {
            new BlockWalk(file, StoreKey, number).Run(blocks, blocksEnd, end);
        }

        return blocks;
    }

    /// <summary>The index of a packed segment; null when it has none, or a damaged one.</summary>
    public BlockEntry[]? ReadIndex(uint number, IStorageFile file, long place, uint indexBytes, long end)
    {
        if (indexBytes == 0)
        {
            return null;
        }

        byte[] bytes = new byte[Math.Min(indexBytes, Math.Max(0, file.Length - place))];
        int read = file.Read(bytes, place);
        ulong key = SegmentFormat.PositionKey(StoreKey, BlockFormat.Place(number, place));
        return BlockIndexFormat.TryDecode(bytes.AsSpan(0, read), place, end, key);
    }

    /// <summary>An extent over written bytes: mapped where the device can.</summary>
    public Extent Written(Segment segment, IStorageFile file, long start, long end)
    {
        if (segment.Packed is { } packed)
        {
            return new Extent(start, end, packed);
        }

        MappedRegion? region = null;
        bool mapped = files.Traits.CanMap && file.TryMap(start, end - start, out region);
        if (mapped)
        {
            return new Extent(start, end, file: null, region);
        }

        segment.Unmapped ??= new UnmappedFile(file, () => files.Open(segment.Name, FileIntent.Read));
        return new Extent(start, end, segment.Unmapped, region: null);
    }
}
