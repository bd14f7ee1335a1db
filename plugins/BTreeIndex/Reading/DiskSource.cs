using Mortise.Indexing;

namespace Mortise.BTreeIndex;

/// <summary>The entries of a disk run in a range, through the page cache; it stands on one leaf, which the scan
/// holds.</summary>
/// <remarks>A merge looks at the heads of all entries and at the keys of few that it does not hand on, so a key is put
/// together when it is asked for.</remarks>
internal sealed class DiskSource : EntrySource
{
    private const int ChecksPerLeaf = 4;

    private ScanState _scan = null!;
    private DiskRun _run = null!;
    private PageCache _cache = null!;
    private ScanBounds _bounds = null!;
    private bool _isBackward;
    private readonly byte[] _narrowed = new byte[EndColumn.NumberBytes];
    private byte[] _key = [];
    private PageFrame? _frame;
    private bool _isPinned;
    private uint _leaf;
    private int _index;

    /// <summary>Within the leaf: the first index not wanted, or, backward, the last one wanted; the leaf's end while it
    /// is not known.</summary>
    private int _stop;

    /// <summary>Whether <see cref="_stop"/> was looked for: a scan that ends after a few entries never asks.</summary>
    private bool _isStopKnown;

    /// <summary>So many entries of the leaf are held against the bound before the bound is looked for.</summary>
    private int _checksLeft;

    /// <summary>Length of the current key, or -1 while it is not put together in <see cref="_key"/>.</summary>
    private int _keyLength;

    /// <summary>The stem that is in <see cref="_key"/> behind the leaf's prefix, or -1.</summary>
    private int _stem;

    /// <summary>Bits by which a head of the leaf is too far to the left for <see cref="EntrySource.Head"/>; negative
    /// when it begins within the bytes that are skipped.</summary>
    private int _headShift;

    /// <summary>What of <see cref="EntrySource.Head"/> comes from the leaf's prefix and the stem.</summary>
    private ulong _headBase;
    private bool _isStarted;
    private bool _isOver;

    /// <summary>Begins before the first entry of a range.</summary>
    /// <param name="scan">What it belongs to, with the range, which is the same until <see cref="Release"/>.</param>
    /// <param name="run">The run; the caller's snapshot holds it.</param>
    /// <param name="cache">Its pages.</param>
    /// <param name="age">See <see cref="EntrySource.Age"/>.</param>
    public void Set(ScanState scan, DiskRun run, PageCache cache, int age)
    {
        Age = age;
        _scan = scan;
        _run = run;
        _cache = cache;
        _bounds = scan.Bounds;
        _isBackward = _bounds.IsBackward;
        _isStarted = false;
        _isOver = false;
        _index = 0;
        _stop = 0;
        int keyBytes = PageFormat.MaxKeyBytes(cache.PageBytes) + PageFormat.HeadBytes;
        if (_key.Length < keyBytes)
        {
            _key = new byte[keyBytes];
        }
    }

    public bool HasTombstones => _run.Record.Tombstones > 0;

    public override ReadOnlySpan<byte> Key
    {
        get
        {
            if (_keyLength < 0)
            {
                _keyLength = _frame!.Page.CopyKeyAfterStem(_index, _key);
            }

            return _key.AsSpan(0, _keyLength);
        }
    }

    public override ReadOnlySpan<byte> Value => _frame!.Page.Value(_index, _narrowed);

    public override bool IsTombstone => _frame!.Page.IsTombstone(_index);

    public override bool MoveNext() =>
        !_isStarted ? Start() : (_frame is not null && StepInLeaf()) || ToNextLeafWithEntries();

    public override bool Seek(ReadOnlySpan<byte> key)
    {
        if (_isOver)
        {
            return false;
        }

        if (_isStarted && _frame is not null)
        {
            int order = Key.SequenceCompareTo(key);
            if (_isBackward ? order <= 0 : order >= 0)
            {
                return true;
            }
        }

        _isStarted = true;
        return _isBackward ? ToAtOrBefore(key, isInclusive: true) : ToAtOrAfter(key);
    }

    /// <summary>Pushes everything that is left to a sink; for a run that has no tombstones and stands alone.</summary>
    /// <returns>False when the sink stopped.</returns>
    public bool PushTo<TSink>(ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        if (!MoveNext())
        {
            return true;
        }

        int untilPinned = ScanState.ShortScan;
        do
        {
            bool isInLeaf = true;
            while (!_isStopKnown && isInLeaf)
            {
                untilPinned--;
                if (!sink.Accept(Key, Value))
                {
                    return false;
                }

                isInLeaf = StepInLeaf();
            }

            ref readonly EntryPage page = ref _frame!.Page;
            if (!(page.IsUniform
                ? PushUniform(in page, untilPinned, ref sink)
                : PushVaried(in page, untilPinned, ref sink)))
            {
                return false;
            }
        }
        while (ToNextLeafWithEntries());

        return true;
    }

    public override void Release()
    {
        _isOver = true;
        _isStarted = true;
        _index = 0;
        _stop = 0;
        LetLeafGo();
        _scan = null!;
        _run = null!;
        _cache = null!;
    }

    /// <summary>Pins the leaf that it stands on, if there is one; the scan is still inside.</summary>
    public void PinLeaf()
    {
        if (_frame is not null)
        {
            _frame.Pin();
            _isPinned = true;
        }
    }

    private unsafe bool PushUniform<TSink>(in EntryPage page, int untilPinned, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        int step = _isBackward ? -1 : 1;
        int end = _isBackward ? _stop - 1 : _stop;
        ReadOnlySpan<byte> key = _key.AsSpan(0, page.UniformKeyLength);
        Span<byte> head = _key.AsSpan(page.HeadOffset, PageFormat.HeadBytes);
        Span<byte> rest = _key.AsSpan(page.HeadOffset + PageFormat.HeadBytes);
        bool hasEndsInKeys = page.HasEndsInKeys;
        bool hasStems = page.HasStems;
        StemTable stems = page.Stems;
        int stem = -1;
        for (int i = _index; i != end; i += step)
        {
            if (--untilPinned == 0)
            {
                _scan.PinLeaves();
            }

            if (hasStems && stems.NumberOf(i) != stem)
            {
                stem = stems.NumberOf(i);
                stems.CopyStem(stem, _key.AsSpan(page.PrefixLength));
            }

            System.Buffers.Binary.BinaryPrimitives.WriteUInt64BigEndian(head, page.Head(i));
            if (hasEndsInKeys)
            {
                page.CopyTailAndEnd(i, rest);
            }
            else
            {
                page.Tail(i).CopyTo(rest);
            }

            if (!sink.Accept(key, page.Value(i, _narrowed)))
            {
                return false;
            }
        }

        return true;
    }

    private bool PushVaried<TSink>(in EntryPage page, int untilPinned, ref TSink sink)
        where TSink : struct, IEntrySink, allows ref struct
    {
        int step = _isBackward ? -1 : 1;
        int end = _isBackward ? _stop - 1 : _stop;
        for (int i = _index; i != end; i += step)
        {
            if (--untilPinned == 0)
            {
                _scan.PinLeaves();
            }

            int length = page.CopyKeyAfterPrefix(i, _key);
            if (!sink.Accept(_key.AsSpan(0, length), page.Value(i, _narrowed)))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Takes over the key at <see cref="_index"/>, which may lie outside of the range.</summary>
    private void LoadKey()
    {
        ref readonly EntryPage page = ref _frame!.Page;
        _keyLength = -1;
        if (page.HasStems && page.StemOf(_index) != _stem)
        {
            _stem = page.StemOf(_index);
            page.CopyStem(_stem, _key);
            SetHeadBase(page.HeadOffset);
        }
    }

    /// <summary>Takes over the head of a key that lies in the range.</summary>
    private void LoadHead() => Head = _headShift switch
    {
        < 0 => KeyHead.Of(Key[_bounds.Skip..]),
        < 64 => _headBase | (_frame!.Page.Head(_index) >> _headShift),
        _ => _headBase,
    };

    private void SetHeadBase(int headOffset)
    {
        _headShift = 8 * (headOffset - _bounds.Skip);
        _headBase = _headShift > 0 ? KeyHead.Of(_key.AsSpan(_bounds.Skip, headOffset - _bounds.Skip)) : 0;
    }

    private bool Start()
    {
        _isStarted = true;
        if (_isBackward)
        {
            return _bounds.End.IsEmpty ? ToEndOfRun() : ToAtOrBefore(_bounds.End, isInclusive: false);
        }

        return ToAtOrAfter(_bounds.Start);
    }

    private bool ToAtOrAfter(ReadOnlySpan<byte> key)
    {
        OpenLeafOf(key);
        _index = key.IsEmpty ? 0 : _frame!.Page.LowerBound(key, out _);
        return IsWanted() || ToNextLeafWithEntries();
    }

    private bool ToAtOrBefore(ReadOnlySpan<byte> key, bool isInclusive)
    {
        OpenLeafOf(key);
        _index = _frame!.Page.LowerBound(key, out bool isEqual);
        _index -= isInclusive && isEqual ? 0 : 1;
        return IsWanted() || ToNextLeafWithEntries();
    }

    private bool ToEndOfRun()
    {
        OpenLeaf(_run.Record.Leaves.PageCount - 1);
        _index = _frame!.Page.Count - 1;
        return IsWanted() || ToNextLeafWithEntries();
    }

    private bool StepInLeaf()
    {
        _index += _isBackward ? -1 : 1;
        return IsWanted();
    }

    /// <summary>Takes over the entry at <see cref="_index"/> if the leaf has it and it is in the range.</summary>
    private bool IsWanted()
    {
        if (_isBackward ? _index < _stop : _index >= _stop)
        {
            return false;
        }

        LoadKey();
        if (!_isStopKnown && !IsWithinBound())
        {
            return false;
        }

        LoadHead();
        return true;
    }

    /// <summary>Whether the loaded entry is on this side of the bound; then the bound may still not be known.</summary>
    private bool IsWithinBound()
    {
        if (_checksLeft-- == 0)
        {
            _isStopKnown = true;
            _stop = _frame!.Page.LowerBound(_isBackward ? _bounds.Start : _bounds.End, out _);
            return _isBackward ? _index >= _stop : _index < _stop;
        }

        if (_isBackward ? _bounds.IsBeforeStart(Key) : _bounds.IsPastEnd(Key))
        {
            _isStopKnown = true;
            _stop = _isBackward ? _index + 1 : _index;
            return false;
        }

        return true;
    }

    /// <summary>Goes on behind the current leaf; false when the range ends.</summary>
    private bool ToNextLeafWithEntries()
    {
        if (_isOver || _frame is null)
        {
            return false;
        }

        while (true)
        {
            // A bound within the leaf is the end of the range.
            bool isLast = _isBackward
                ? _stop > 0 || _leaf == 0
                : _stop < _frame!.Page.Count || _leaf + 1 == _run.Record.Leaves.PageCount;
            if (isLast)
            {
                _isOver = true;
                LetLeafGo();
                _index = 0;
                _stop = 0;
                return false;
            }

            _scan.PinLeaves();
            OpenLeaf(_isBackward ? _leaf - 1 : _leaf + 1);
            _index = _isBackward ? _frame!.Page.Count - 1 : 0;
            if (IsWanted())
            {
                return true;
            }
        }
    }

    private void OpenLeafOf(ReadOnlySpan<byte> key)
    {
        ReaderSlot reader = _scan.Enter();
        try
        {
            StandOn(RunLookup.LeafOf(_run, _cache, reader, key), reader);
        }
        finally
        {
            _scan.Exit();
        }
    }

    private void OpenLeaf(uint ordinal)
    {
        ReaderSlot reader = _scan.Enter();
        try
        {
            StandOn(ordinal, reader);
        }
        finally
        {
            _scan.Exit();
        }
    }

    private void LetLeafGo()
    {
        if (_isPinned)
        {
            _frame!.Unpin();
            _isPinned = false;
        }

        _frame = null;
    }

    private void StandOn(uint ordinal, ReaderSlot reader)
    {
        PageFrame frame = RunLookup.Leaf(_run, _cache, reader, ordinal);
        LetLeafGo();
        _frame = frame;
        if (_scan.PinsLeaves)
        {
            PinLeaf();
        }

        _leaf = ordinal;
        ref readonly EntryPage page = ref frame.Page;
        page.Prefix.CopyTo(_key);
        _stem = -1;
        SetHeadBase(page.HeadOffset);
        _stop = _isBackward ? 0 : page.Count;
        _isStopKnown = (_isBackward ? _bounds.Start : _bounds.End).IsEmpty;
        _checksLeft = ChecksPerLeaf;
    }
}
