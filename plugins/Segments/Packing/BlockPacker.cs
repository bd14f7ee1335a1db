using Mortise.Primitives;

namespace Mortise.Segments;

/// <summary>Makes blocks of whole frames, ready to be written.</summary>
/// <remarks>Threads: one at a time, that which writes.</remarks>
/// <param name="storeKey">Of the store.</param>
/// <param name="blockBytes">Frames are gathered up to so many bytes; one that is larger has a block of its own.</param>
/// <param name="level">Brotli's quality, 0 to 11.</param>
internal sealed class BlockPacker(ulong storeKey, int blockBytes, int level)
{
    // One write for many blocks, and a buffer that is kept.
    private const int OutputBytes = 1 << 20;

    private readonly List<BlockEntry> _entries = [];
    private byte[] _output = [];
    private int _count;

    /// <summary>The blocks of the last call.</summary>
    public ReadOnlySpan<byte> Output => _output.AsSpan(0, _count);

    /// <summary>Where they are once written.</summary>
    public IReadOnlyList<BlockEntry> Entries => _entries;

    /// <summary>Packs as many of the frames as one write should take.</summary>
    /// <param name="segment">Whose they are.</param>
    /// <param name="frames">Whole frames, at least one.</param>
    /// <param name="start">Offset of the first.</param>
    /// <param name="place">Where the first block goes in the file.</param>
    /// <returns>Bytes of the frames that were packed.</returns>
    public int Pack(uint segment, ReadOnlySpan<byte> frames, long start, long place)
    {
        _entries.Clear();
        _count = 0;
        int packed = 0;
        while (packed < frames.Length)
        {
            int image = Gather(frames[packed..]);
            int most = BlockFormat.MaxFileBytes(image);
            if (packed > 0 && _count + most > OutputBytes)
            {
                break;
            }

            if (_output.Length < _count + most)
            {
                Array.Resize(ref _output, Math.Max(OutputBytes, most));
            }

            ulong key = SegmentFormat.PositionKey(storeKey, BlockFormat.Place(segment, place + _count));
            int size = BlockFormat.Write(
                _output.AsSpan(_count), frames.Slice(packed, image), start + packed, level, key);
            _entries.Add(new BlockEntry(start + packed, place + _count, image, size));
            _count += size;
            packed += image;
        }

        return packed;
    }

    /// <summary>Bytes of the frames that go into the next block.</summary>
    private int Gather(ReadOnlySpan<byte> frames)
    {
        int gathered = 0;
        while (gathered < frames.Length)
        {
            int size = FrameFormat.PlausibleSize(frames[gathered..], frames.Length - gathered);
            Invariant.Holds(size > 0);
            if (gathered > 0 && gathered + size > blockBytes)
            {
                break;
            }

            gathered += size;
        }

        return gathered;
    }
}
