using System.Buffers.Binary;

namespace Mortise.BTreeIndex;

/// <summary>One level of branches of a run that is being built; its pages stay in memory until the run is finished.</summary>
internal sealed class BranchLevel(int pageBytes, int level, ulong owner)
{
    private readonly EntryPageBuilder _builder = new(pageBytes);
    private readonly List<byte[]> _pages = [];
    private byte[] _separator = [];
    private ulong _firstChild;
    private int _children;
    private BranchLevel? _above;

    /// <summary>Adds the next child.</summary>
    /// <param name="separator">Above every key of the child before, at most the first key of this one; ignored for the
    /// level's first.</param>
    /// <param name="ordinal">The child's place in its level.</param>
    public void Add(ReadOnlySpan<byte> separator, ulong ordinal)
    {
        if (_children > 0 && !_builder.TryAdd(separator, default, isTombstone: false))
        {
            Emit();
        }

        if (_children == 0)
        {
            _separator = separator.ToArray();
            _firstChild = ordinal;
        }

        _children++;
    }

    /// <summary>Finishes this level and those above.</summary>
    /// <param name="levels">Receives the pages of each level, from this one up; none when one child is all there is.</param>
    public void Finish(List<List<byte[]>> levels)
    {
        if (_pages.Count == 0 && _children <= 1)
        {
            return;
        }

        Emit();
        levels.Add(_pages);
        _above!.Finish(levels);
    }

    private void Emit()
    {
        byte[] page = new byte[pageBytes];
        PageFormat.WriteHeader(page, PageType.Branch, level, owner, 0, _firstChild, 0);
        _builder.Emit(page);
        _above ??= new BranchLevel(pageBytes, level + 1, owner);
        _above.Add(_separator, (ulong)_pages.Count);
        _pages.Add(page);
        _children = 0;
    }

    /// <summary>Gives a finished page its final numbers.</summary>
    public static void Place(Span<byte> page, uint ordinal, ulong childBase)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(page[PageFormat.OrdinalOffset..], ordinal);
        Span<byte> rank = page[PageFormat.RankOffset..];
        BinaryPrimitives.WriteUInt64LittleEndian(rank, childBase + BinaryPrimitives.ReadUInt64LittleEndian(rank));
    }
}
