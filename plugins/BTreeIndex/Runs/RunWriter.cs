using Mortise.Primitives;

namespace Mortise.BTreeIndex;

/// <summary>Builds a packed B+tree from sorted entries, front to back, and writes it into free pages.</summary>
/// <remarks>What it writes is not durable and nothing refers to it until a checkpoint does both. Threads:
/// one.</remarks>
internal sealed class RunWriter
{
    private const int ChunkBytes = 256 << 10;

    private readonly PageFile _file;
    private readonly PageSpace _space;
    private readonly ulong _id;
    private readonly int _pageBytes;
    private readonly EntryPageBuilder _leaf;
    private readonly BranchLevel _branches;
    private readonly byte[] _chunk;
    private readonly List<Extent> _leafExtents = [];
    private readonly List<Extent> _others = [];
    private readonly uint _filterBlocks;
    private byte[]? _filter;
    private readonly byte[] _separator;
    private byte[] _firstKey = [];
    private readonly byte[] _lastKey;
    private int _lastKeyLength;
    private int _separatorLength;
    private int _chunkPages;
    private uint _leafPages;
    private uint _leftInExtent;
    private readonly uint _estimatedPages;
    private readonly RunPlacement _placement;
    private ulong _entries;
    private ulong _tombstones;

    /// <summary>Starts a run.</summary>
    /// <param name="file">Where it goes.</param>
    /// <param name="space">Where its pages come from.</param>
    /// <param name="id">Its number.</param>
    /// <param name="mostEntries">No more than this many entries will come; sizes the filter.</param>
    /// <param name="estimatedBytes">About how many bytes its leaves take.</param>
    /// <param name="placement">Where it goes; for leaves in one piece the bytes are no fewer than they take.</param>
    public RunWriter(
        PageFile file, PageSpace space, ulong id, long mostEntries, long estimatedBytes, RunPlacement placement)
    {
        _file = file;
        _space = space;
        _id = id;
        _pageBytes = file.PageBytes;
        _leaf = new EntryPageBuilder(_pageBytes);
        _branches = new BranchLevel(_pageBytes, 1, id);
        _placement = placement;

        _estimatedPages = (uint)Math.Clamp((estimatedBytes + _pageBytes - 1) / _pageBytes, 1, int.MaxValue);
        _chunk = new byte[Math.Max(1, (int)Math.Min(_estimatedPages, ChunkBytes / _pageBytes)) * _pageBytes];
        long blocks = PointFilter.BlocksFor(mostEntries);
        _filterBlocks = (uint)Math.Min(blocks, Array.MaxLength / PointFilter.BlockBytes);
        _separator = new byte[PageFormat.MaxKeyBytes(_pageBytes)];
        _lastKey = new byte[PageFormat.MaxKeyBytes(_pageBytes)];
    }

    /// <summary>Leaf pages built so far.</summary>
    public uint LeafPages => _leafPages;

    /// <summary>Adds an entry with a key above all before.</summary>
    public void Add(ReadOnlySpan<byte> key, ReadOnlySpan<byte> value, bool isTombstone)
    {
        if (!_leaf.TryAdd(key, value, isTombstone))
        {
            _leaf.LastKey.CopyTo(_lastKey);
            _lastKeyLength = _leaf.LastKey.Length;
            EmitLeaf();
            bool fits = _leaf.TryAdd(key, value, isTombstone);
            Invariant.Holds(fits);

            // The shortest prefix of this key that is above the last key of the page before.
            _separatorLength = _lastKey.AsSpan(0, _lastKeyLength).CommonPrefixLength(key) + 1;
            key[.._separatorLength].CopyTo(_separator);
        }
        else if (_firstKey.Length == 0)
        {
            _firstKey = key.ToArray();

            // Keys that carry everything are scanned: nobody who has one has anything to look up.
            _filter = value.IsEmpty && !isTombstone ? null : new byte[_filterBlocks * PointFilter.BlockBytes];
        }

        if (_filter is null)
        {
            return;
        }

        ulong hash = PointFilter.Hash(key);
        int block = (int)PointFilter.BlockOf(hash, _filterBlocks) * PointFilter.BlockBytes;
        PointFilter.Add(_filter.AsSpan(block, PointFilter.BlockBytes), hash);
    }

    /// <summary>Writes what is left.</summary>
    /// <returns>The run, or null when nothing was added.</returns>
    public RunRecord? Finish()
    {
        if (_leaf.Count == 0)
        {
            return null;
        }

        byte[] lastKey = _leaf.LastKey.ToArray();
        EmitLeaf();
        WriteChunk();
        if (_leftInExtent > 0)
        {
            Extent last = _leafExtents[^1];
            _leafExtents[^1] = last with { Count = last.Count - _leftInExtent };
            _space.Free(new Extent(_leafExtents[^1].End, _leftInExtent));
            _leftInExtent = 0;
        }

        List<List<byte[]>> levels = [];
        _branches.Finish(levels);
        ExtentList branches = WriteBranches(levels);
        Extent filter = _leafPages > 1 && _filter is not null ? WriteFilter(_filter) : default;
        return new RunRecord
        {
            Id = _id,
            Entries = _entries,
            Tombstones = _tombstones,
            Height = levels.Count,
            Leaves = new ExtentList([.. _leafExtents]),
            Branches = branches,
            Filter = filter,
            FilterBlocks = filter.Count == 0 ? 0 : _filterBlocks,
            FirstKey = _firstKey,
            LastKey = lastKey,
        };
    }

    /// <summary>Gives back the pages of a run that was not finished.</summary>
    public void Abandon()
    {
        _space.Free([.. _leafExtents]);
        _leafExtents.Clear();
        foreach (Extent extent in _others)
        {
            _space.Free(extent);
        }

        _others.Clear();
    }

    private void EmitLeaf()
    {
        if (_leftInExtent == 0)
        {
            WriteChunk();
            uint wanted = Math.Max(1, _estimatedPages > _leafPages ? _estimatedPages - _leafPages : _leafPages / 8);
            Extent extent = Allocate(wanted, whole: _placement == RunPlacement.FirstFit && _leafPages == 0);
            _leafExtents.Add(extent);
            _leftInExtent = extent.Count;
        }

        Span<byte> page = _chunk.AsSpan(_chunkPages * _pageBytes, _pageBytes);
        PageFormat.WriteHeader(page, PageType.Leaf, 0, _id, _leafPages, _entries, _tombstones);
        _entries += (ulong)_leaf.Count;
        _tombstones += (ulong)_leaf.TombstoneCount;
        _leaf.Emit(page);
        Extent current = _leafExtents[^1];
        _file.Seal(page, current.End - _leftInExtent);
        _branches.Add(_separator.AsSpan(0, _separatorLength), _leafPages);
        _leafPages++;
        _leftInExtent--;
        _chunkPages++;
        if (_chunkPages * _pageBytes == _chunk.Length)
        {
            WriteChunk();
        }
    }

    private Extent Allocate(uint pages, bool whole) =>
        _placement == RunPlacement.End ? _space.AllocateAtEnd(pages) : _space.Allocate(pages, whole);

    private void WriteChunk()
    {
        if (_chunkPages > 0)
        {
            uint end = _leafExtents[^1].End - _leftInExtent;
            _file.Write(_chunk.AsSpan(0, _chunkPages * _pageBytes), end - (uint)_chunkPages);
            _chunkPages = 0;
        }
    }

    private ExtentList WriteBranches(List<List<byte[]>> levels)
    {
        uint pages = 0;
        foreach (List<byte[]> level in levels)
        {
            pages += (uint)level.Count;
        }

        if (pages == 0)
        {
            return ExtentList.Empty;
        }

        Extent extent = Allocate(pages, whole: true);
        _others.Add(extent);
        uint ordinal = 0;
        ulong childBase = 0;
        foreach (List<byte[]> level in levels)
        {
            uint first = ordinal;
            foreach (byte[] page in level)
            {
                BranchLevel.Place(page, ordinal, childBase);
                _file.Seal(page, extent.Start + ordinal);
                _file.Write(page, extent.Start + ordinal);
                ordinal++;
            }

            childBase = first;
        }

        return new ExtentList([extent]);
    }

    private Extent WriteFilter(byte[] filter)
    {
        int perPage = (_pageBytes - PageFormat.HeaderBytes) / PointFilter.BlockBytes;
        uint pages = (_filterBlocks + (uint)perPage - 1) / (uint)perPage;
        Extent extent = Allocate(pages, whole: true);
        _others.Add(extent);
        byte[] page = new byte[_pageBytes];
        for (uint i = 0; i < pages; i++)
        {
            Span<byte> rest = filter.AsSpan((int)i * perPage * PointFilter.BlockBytes);
            rest = rest[..Math.Min(rest.Length, perPage * PointFilter.BlockBytes)];
            page.AsSpan().Clear();
            PageFormat.WriteHeader(page, PageType.Filter, 0, _id, i, 0, 0);
            System.Buffers.Binary.BinaryPrimitives.WriteUInt32LittleEndian(
                page.AsSpan(PageFormat.UsedOffset), (uint)(PageFormat.HeaderBytes + rest.Length));
            rest.CopyTo(page.AsSpan(PageFormat.HeaderBytes));
            _file.Seal(page, extent.Start + i);
            _file.Write(page, extent.Start + i);
        }

        return extent;
    }
}
