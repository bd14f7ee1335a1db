using System.Buffers;
using Mortise.Files;

namespace Mortise.Segments;

/// <summary>The blocks of one packed segment: where they are, and how their frames are read.</summary>
/// <remarks>
/// <para>Threads: <see cref="Append"/> from one thread at a time; everything else from any, without waiting.</para>
/// <para>Buffers: frames of a block are in an array of their own that nothing writes to again.</para>
/// </remarks>
/// <param name="storeKey">Of the store.</param>
/// <param name="segment">Whose blocks they are.</param>
/// <param name="file">Held open while the segment is written to; null to open it for each block that is read, which costs
/// little beside decompressing it, and no descriptor.</param>
/// <param name="open">Opens the file for reading.</param>
/// <param name="cache">Keeps decompressed blocks, or null.</param>
internal sealed class PackedBlocks(
    ulong storeKey, uint segment, IStorageFile? file, Func<IStorageFile> open, BlockCache? cache)
{
    private IStorageFile? _file = file;
    private Table _table = new(new BlockEntry[16], 0);

    /// <summary>All blocks, in order.</summary>
    public ReadOnlySpan<BlockEntry> Entries => Volatile.Read(ref _table).Used;

    /// <summary>Where the next block goes in the file.</summary>
    public long FileEnd => Entries is [.., var last] ? last.Place + last.FileBytes : SegmentHeader.Bytes;

    /// <summary>Adds a block that is in the file.</summary>
    public void Append(BlockEntry entry)
    {
        Table old = _table;
        BlockEntry[] entries = old.Entries;
        if (old.Count == entries.Length)
        {
            Array.Resize(ref entries, 2 * entries.Length);
        }

        // Behind what readers of the old table look at.
        entries[old.Count] = entry;
        Volatile.Write(ref _table, new Table(entries, old.Count + 1));
    }

    /// <summary>Where the file ends when the frames before an offset count and no others.</summary>
    public long FileEndOf(long end)
    {
        ReadOnlySpan<BlockEntry> entries = Entries;
        int last = Find(entries, end - 1);
        return last < 0 ? SegmentHeader.Bytes : entries[last].Place + entries[last].FileBytes;
    }

    /// <summary>Where the next block behind an offset starts; <see cref="long.MaxValue"/> behind the last.</summary>
    public long NextStart(long offset)
    {
        ReadOnlySpan<BlockEntry> entries = Entries;
        int next = Find(entries, offset) + 1;
        return next < entries.Length ? entries[next].Start : long.MaxValue;
    }

    /// <summary>The frames around an offset.</summary>
    /// <param name="offset">In the segment.</param>
    /// <param name="keeps">True to keep what had to be decompressed for others.</param>
    /// <param name="start">Offset of the first byte that is given.</param>
    /// <returns>Empty when the block is damaged or missing.</returns>
    /// <exception cref="StorageException">The device fails.</exception>
    public ReadOnlyMemory<byte> Load(long offset, bool keeps, out long start)
    {
        Table table = Volatile.Read(ref _table);
        int index = Find(table.Used, offset);
        start = 0;
        if (index < 0)
        {
            return default;
        }

        BlockEntry entry = table.Entries[index];
        start = entry.Start;
        byte[]? image = cache?.Find(this, index);
        if (image is null)
        {
            image = Decode(entry);
            if (image is not null && keeps)
            {
                cache?.Keep(this, index, image);
            }
        }

        // After a crash a block may hold frames that were never made durable; those that replaced them are in the next.
        long next = index + 1 < table.Count ? table.Entries[index + 1].Start : long.MaxValue;
        int counts = image is null ? 0 : (int)Math.Min(image.Length, next - entry.Start);
        return offset - entry.Start < counts ? image.AsMemory(0, counts) : default;
    }

    /// <summary>Reads one block.</summary>
    /// <returns>Null when it is damaged.</returns>
    public byte[]? Decode(BlockEntry entry)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(entry.FileBytes);
        try
        {
            using IStorageFile? opened = UnmappedFile.Open(ref _file, open, out IStorageFile file);
            Span<byte> block = buffer.AsSpan(0, entry.FileBytes);
            ulong key = SegmentFormat.PositionKey(storeKey, BlockFormat.Place(segment, entry.Place));
            if (file.Read(block, entry.Place) < block.Length
                || !BlockFormat.TryReadHeader(block, entry.Place, block.Length, out BlockEntry found)
                || found != entry
                || !BlockFormat.Verify(block, key))
            {
                return null;
            }

            byte[] image = GC.AllocateUninitializedArray<byte>(entry.ImageBytes);
            return BlockFormat.TryDecode(block, image) ? image : null;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Holds the file open from now on: its name is about to go.</summary>
    public void Hold() => Volatile.Write(ref _file, _file ?? open());

    /// <summary>Holds the file no more.</summary>
    /// <returns>The file; to be closed once no reader can be using it. Null when it was not held.</returns>
    public IStorageFile? LetGo()
    {
        IStorageFile? held = _file;
        Volatile.Write(ref _file, null);
        return held;
    }

    /// <summary>Closes the file and forgets its blocks, once no reader can use it.</summary>
    public void Close()
    {
        cache?.Forget(this);
        _file?.Dispose();
    }

    private static int Find(ReadOnlySpan<BlockEntry> entries, long offset)
    {
        int low = 0;
        int high = entries.Length - 1;
        while (low <= high)
        {
            int middle = (low + high) >>> 1;
            if (entries[middle].Start <= offset)
            {
                low = middle + 1;
            }
            else
            {
                high = middle - 1;
            }
        }

        return high;
    }

    private sealed class Table(BlockEntry[] entries, int count)
    {
        public BlockEntry[] Entries => entries;

        public int Count => count;

        public ReadOnlySpan<BlockEntry> Used => entries.AsSpan(0, count);
    }
}
