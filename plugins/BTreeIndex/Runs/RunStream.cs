using System.Runtime.CompilerServices;

namespace Mortise.BTreeIndex;

/// <summary>All entries of a disk run in order, read in long pieces past the page cache; for merges.</summary>
internal sealed unsafe class RunStream
{
    private const int ChunkBytes = 128 << 10;

    private readonly DiskRun _run;
    private readonly PageFile _file;
    private readonly byte[] _chunk;
    private readonly byte* _pages;
    private readonly byte[] _key;
    private readonly byte[] _narrowed = new byte[EndColumn.NumberBytes];
    private EntryPage _page;
    private uint _next;
    private int _chunkPages;
    private int _chunkAt;
    private int _index = -1;
    private int _keyLength;

    public RunStream(DiskRun run, PageFile file)
    {
        _run = run;
        _file = file;
        _chunk = GC.AllocateUninitializedArray<byte>(Math.Max(ChunkBytes, file.PageBytes), pinned: true);
        _pages = (byte*)Unsafe.AsPointer(ref _chunk[0]);
        _key = new byte[PageFormat.MaxKeyBytes(file.PageBytes) + PageFormat.HeadBytes];
    }

    /// <summary>The first bytes of the current key, as a number.</summary>
    public ulong Head { get; private set; }

    /// <summary>The current key; dies when the stream moves, as the value does.</summary>
    public ReadOnlySpan<byte> Key => _key.AsSpan(0, _keyLength);

    public ReadOnlySpan<byte> Value => _page.Value(_index, _narrowed);

    public bool IsTombstone => _page.IsTombstone(_index);

    /// <summary>Moves to the next entry, at first to the first. False past the last.</summary>
    public bool MoveNext()
    {
        while (++_index >= _page.Count)
        {
            if (!NextPage())
            {
                _index = _page.Count;
                return false;
            }
        }

        _keyLength = _page.CopyKeyAfterPrefix(_index, _key);
        Head = KeyHead.Of(Key);
        return true;
    }

    private bool NextPage()
    {
        ExtentList leaves = _run.Record.Leaves;
        if (_chunkAt == _chunkPages)
        {
            if (_next == leaves.PageCount)
            {
                return false;
            }

            _chunkPages = (int)Math.Min(leaves.Consecutive(_next), (uint)(_chunk.Length / _file.PageBytes));
            _chunkAt = 0;
            _file.ReadRaw(_chunk.AsSpan(0, _chunkPages * _file.PageBytes), leaves.PageOf(_next));
        }

        int offset = _chunkAt * _file.PageBytes;
        ReadOnlySpan<byte> page = _chunk.AsSpan(offset, _file.PageBytes);
        _file.Check(page, leaves.PageOf(_next), PageType.Leaf, _run.Id, _next);
        _page = new EntryPage(_pages + offset);
        _page.Prefix.CopyTo(_key);
        _next++;
        _chunkAt++;
        _index = -1;
        return true;
    }
}
