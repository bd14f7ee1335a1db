using Mortise.Primitives;

namespace Mortise.BTreeIndex;

/// <summary>A packed B+tree in the page file: immutable, built once from sorted entries, dropped whole.</summary>
/// <remarks>
/// <para>Pages have no pointers: the leaves are numbered, the branches are numbered level by level with the root last,
/// and a branch knows the number of its first child; the rest of its children follow. The extents say where the numbered
/// pages are. So the whole of a run is known from its directory record, and its pages can be read in order.</para>
/// <para>Its pages are held by references: one per version that shows it, one while the durable directory names it.</para>
/// </remarks>
internal sealed class DiskRun
{
    private readonly Action<DiskRun> _onUnreachable;
    private readonly ulong _minHead;
    private readonly ulong _maxHead;
    private int _references = 1;

    public DiskRun(RunRecord record, Action<DiskRun> onUnreachable)
    {
        Record = record;
        _onUnreachable = onUnreachable;
        FilterPagesFirst = record.Filter.Count == 0 ? 0 : record.Filter.Start;
        _minHead = KeyHead.Of(record.FirstKey);
        _maxHead = KeyHead.Of(record.LastKey);
    }

    public RunRecord Record { get; }

    public ulong Id => Record.Id;

    public uint FilterPagesFirst { get; }

    /// <summary>Whether a key of this <see cref="KeyHead"/> may lie between the run's first and last.</summary>
    public bool MayHold(ulong head) => head >= _minHead && head <= _maxHead;

    public long PageCount => (long)Record.Leaves.PageCount + Record.Branches.PageCount + Record.Filter.Count;

    public void AddReference() => Invariant.Holds(Interlocked.Increment(ref _references) > 1);

    public void Release()
    {
        int left = Interlocked.Decrement(ref _references);
        Invariant.Holds(left >= 0);
        if (left == 0)
        {
            _onUnreachable(this);
        }
    }
}
