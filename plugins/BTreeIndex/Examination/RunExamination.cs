using Mortise.Components;

namespace Mortise.BTreeIndex;

/// <summary>Walks one run from its root: every page, every key, every separator, the counts and the filter.</summary>
/// <remarks>Finding codes: <c>page</c> (checksum, identity or structure), <c>key-order</c>, <c>separator</c>,
/// <c>child</c>, <c>count</c>, <c>filter</c>, <c>bounds</c>.</remarks>
internal sealed class RunExamination(RunRecord run, PageFile file, Action<Finding> report, CancellationToken cancellation)
{
    private readonly byte[] _filter = new byte[(long)run.FilterBlocks * PointFilter.BlockBytes];
    private readonly byte[] _key = new byte[PageFormat.MaxKeyBytes(file.PageBytes) + PageFormat.HeadBytes];
    private byte[] _lastKey = [];
    private bool _filterIsWhole;
    private bool _pageIsMissing;

    /// <summary>True from a page that cannot be read to the next leaf: what that one says of those before is taken from
    /// it, so that one bad page is one finding.</summary>
    private bool _isAfterGap;
    private ulong _entriesBefore;
    private ulong _tombstones;
    private uint _nextLeaf;
    private uint _branchesSeen;

    /// <summary>Entries seen.</summary>
    public long Entries { get; private set; }

    public void Run()
    {
        ReadFilter();
        Walk(run.Height == 0 ? 0 : run.Branches.PageCount - 1, run.Height, [], []);
        if (_pageIsMissing)
        {
            return;
        }

        Expect((ulong)Entries == run.Entries && _tombstones == run.Tombstones, "count", 0,
            $"run {run.Id} has {Entries} entries and {_tombstones} tombstones, its record says {run.Entries} and {run.Tombstones}");
        Expect(_nextLeaf == run.Leaves.PageCount && _branchesSeen == run.Branches.PageCount, "child", 0,
            $"run {run.Id} reaches {_nextLeaf} of {run.Leaves.PageCount} leaves and {_branchesSeen} of {run.Branches.PageCount} branches");
        Expect(_lastKey.AsSpan().SequenceEqual(run.LastKey), "bounds", 0,
            $"the last key of run {run.Id} is 0x{Convert.ToHexStringLower(_lastKey)}, its record says 0x{Convert.ToHexStringLower(run.LastKey)}");
    }

    private unsafe void Walk(uint ordinal, int level, byte[] low, byte[] high)
    {
        cancellation.ThrowIfCancellationRequested();
        PageType type = level == 0 ? PageType.Leaf : PageType.Branch;
        uint number = (level == 0 ? run.Leaves : run.Branches).PageOf(ordinal);
        byte[] bytes = GC.AllocateUninitializedArray<byte>(file.PageBytes, pinned: true);
        if (!TryRead(bytes, number, type, ordinal))
        {
            _pageIsMissing = true;
            _isAfterGap = true;
            return;
        }

        fixed (byte* pointer = bytes)
        {
            EntryPage page = new(pointer);
            Expect(bytes[PageFormat.LevelOffset] == level, "page", number,
                $"page {number} is on level {bytes[PageFormat.LevelOffset]}, expected {level}");
            if (level == 0)
            {
                WalkLeaf(in page, number, ordinal, low, high);
                return;
            }

            _branchesSeen++;
            for (int child = 0; child <= page.Count; child++)
            {
                byte[] from = child == 0 ? low : KeyOf(in page, child - 1);
                byte[] to = child == page.Count ? high : KeyOf(in page, child);
                ulong at = page.Rank + (ulong)child;
                bool isWithin = level == 1 ? at < run.Leaves.PageCount : at < ordinal;
                bool isInOrder = from.AsSpan().SequenceCompareTo(to) < 0 || to.Length == 0;
                Expect(isInOrder, "separator", number, $"separators {child - 1} and {child} of page {number} do not ascend");
                Expect(isWithin, "child", number, $"page {number} names child {at} on level {level - 1}");
                if (isWithin)
                {
                    Walk((uint)at, level - 1, from, to);
                }
            }
        }
    }

    private void WalkLeaf(in EntryPage page, uint number, uint ordinal, byte[] low, byte[] high)
    {
        if (_isAfterGap && ordinal >= _nextLeaf && page.Rank >= _entriesBefore && page.Tombstones >= _tombstones)
        {
            _nextLeaf = ordinal;
            _entriesBefore = page.Rank;
            _tombstones = page.Tombstones;
        }

        _isAfterGap = false;
        Expect(ordinal == _nextLeaf, "child", number, $"leaf {ordinal} is reached where leaf {_nextLeaf} was expected");
        _nextLeaf = ordinal + 1;
        Expect(page.Rank == _entriesBefore && page.Tombstones == _tombstones, "count", number,
            $"leaf {ordinal} says that {page.Rank} entries and {page.Tombstones} tombstones are before it, there are {_entriesBefore} and {_tombstones}");
        Expect(page.Count > 0, "count", number, $"leaf {ordinal} is empty");
        for (int i = 0; i < page.Count; i++)
        {
            byte[] key = KeyOf(in page, i);
            Expect(_lastKey.AsSpan().SequenceCompareTo(key) < 0, "key-order", number,
                $"entry {i} of leaf {ordinal} does not sort after the one before");
            if (_entriesBefore == 0)
            {
                Expect(key.AsSpan().SequenceEqual(run.FirstKey), "bounds", number, $"the first key of run {run.Id} is not that of its record");
            }

            if (_filterIsWhole && run.FilterBlocks > 0)
            {
                ulong hash = PointFilter.Hash(key);
                int block = (int)PointFilter.BlockOf(hash, run.FilterBlocks) * PointFilter.BlockBytes;
                Expect(PointFilter.MayContain(in _filter[block], hash), "filter", number,
                    $"the filter of run {run.Id} denies entry {i} of leaf {ordinal}");
            }

            if (i == 0 || i == page.Count - 1)
            {
                bool isWithin = low.AsSpan().SequenceCompareTo(key) <= 0
                    && (high.Length == 0 || key.AsSpan().SequenceCompareTo(high) < 0);
                Expect(isWithin, "separator", number, $"entry {i} of leaf {ordinal} is outside of the separators above it");
            }

            Entries++;
            _entriesBefore++;
            _tombstones += page.IsTombstone(i) ? 1UL : 0;
            _lastKey = key;
        }
    }

    private void ReadFilter()
    {
        int perPage = (file.PageBytes - PageFormat.HeaderBytes) / PointFilter.BlockBytes * PointFilter.BlockBytes;
        byte[] page = new byte[file.PageBytes];
        _filterIsWhole = true;
        for (uint i = 0; i < run.Filter.Count; i++)
        {
            if (!TryRead(page, run.Filter.Start + i, PageType.Filter, i))
            {
                _filterIsWhole = false;
                continue;
            }

            Span<byte> rest = _filter.AsSpan((int)Math.Min(_filter.Length, (long)i * perPage));
            page.AsSpan(PageFormat.HeaderBytes, Math.Min(rest.Length, perPage)).CopyTo(rest);
        }
    }

    private bool TryRead(byte[] page, uint number, PageType type, uint ordinal)
    {
        string? problem;
        try
        {
            file.ReadRaw(page, number);
            problem = file.Problem(page, number, type, run.Id, ordinal);
        }
        catch (StorageException e) when (e.Code == StorageErrorCode.Corrupt)
        {
            problem = e.Message;
        }

        Expect(problem is null, "page", number, problem ?? "");
        return problem is null;
    }

    private byte[] KeyOf(in EntryPage page, int index) => _key[..page.CopyKey(index, _key)];

    private void Expect(bool fact, string code, uint page, string message)
    {
        if (!fact)
        {
            report(new Finding(code, file.File.Path, (long)page * file.PageBytes, message));
        }
    }
}
