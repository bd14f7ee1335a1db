using Mortise.Files;

namespace Mortise.Segments;

/// <summary>Finds the blocks of a packed segment from their own headers.</summary>
/// <remarks>A header that continues the one before it is believed, since its block is checked when it is read; one that
/// does not is believed only when its whole block verifies. So damage costs the blocks that it touches.</remarks>
internal sealed class BlockWalk(IStorageFile file, ulong storeKey, uint segment)
{
    private const int WindowBytes = 64 << 10;

    // A hostile file may offer a plausible header at every place; searching stops when it has cost this often the file.
    private const int SearchFactor = 16;

    private readonly byte[] _window = new byte[WindowBytes];
    private long _windowStart;
    private int _windowCount;
    private long _searchBudget;

    /// <summary>Adds blocks to a segment, in order.</summary>
    /// <param name="to">Receives them.</param>
    /// <param name="fileEnd">Where blocks end in the file at the latest.</param>
    /// <param name="end">Where the segment's frames end; <see cref="long.MaxValue"/> when nobody knows.</param>
    public void Run(PackedBlocks to, long fileEnd, long end)
    {
        fileEnd = Math.Min(fileEnd, file.Length);
        _searchBudget = fileEnd * SearchFactor;
        long place = SegmentHeader.Bytes;
        long expected = SegmentHeader.Bytes;
        long previous = 0;
        while (expected < end && place + BlockFormat.HeaderBytes <= fileEnd)
        {
            if (!IsNext(place, fileEnd, expected, previous, out BlockEntry entry))
            {
                place = Search(place + BlockFormat.Alignment, fileEnd, previous, out entry);
                if (place >= fileEnd)
                {
                    return;
                }
            }

            if (entry.Start >= end)
            {
                return;
            }

            to.Append(entry);
            previous = entry.Start;
            expected = entry.Start + entry.ImageBytes;
            place += entry.FileBytes;
        }
    }

    private bool IsNext(long place, long fileEnd, long expected, long previous, out BlockEntry entry) =>
        BlockFormat.TryReadHeader(Window(place), place, fileEnd - place, out entry)
            && entry.Start > previous
            && (entry.Start == expected || IsWhole(entry));

    private long Search(long place, long fileEnd, long previous, out BlockEntry entry)
    {
        for (; place + BlockFormat.HeaderBytes <= fileEnd; place += BlockFormat.Alignment)
        {
            if (BlockFormat.TryReadHeader(Window(place), place, fileEnd - place, out entry) && entry.Start > previous)
            {
                _searchBudget -= entry.FileBytes;
                if (_searchBudget < 0)
                {
                    break;
                }

                if (IsWhole(entry))
                {
                    return place;
                }
            }
        }

        entry = default;
        return long.MaxValue;
    }

    private bool IsWhole(BlockEntry entry)
    {
        byte[] block = new byte[entry.FileBytes];
        ulong key = SegmentFormat.PositionKey(storeKey, BlockFormat.Place(segment, entry.Place));
        return file.Read(block, entry.Place) == block.Length && BlockFormat.Verify(block, key);
    }

    private ReadOnlySpan<byte> Window(long place)
    {
        if (place < _windowStart || place + BlockFormat.HeaderBytes > _windowStart + _windowCount)
        {
            _windowCount = file.Read(_window, place);
            _windowStart = place;
        }

        int at = (int)(place - _windowStart);
        return _window.AsSpan(at, Math.Clamp(_windowCount - at, 0, BlockFormat.HeaderBytes));
    }
}
