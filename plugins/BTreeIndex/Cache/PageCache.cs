using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using Mortise.Caching;

namespace Mortise.BTreeIndex;

/// <summary>The pages of one file that are in memory, within a byte budget.</summary>
/// <remarks>
/// <para>A page's frame is found in an array indexed by page number; a hit takes no lock and writes no line that another
/// reader writes. Hits are noted per reader, once in a while for each page, and handed to the policy in
/// batches; a batch that finds the lock taken is lost. A miss takes the lock once, to enter its page and to drop others;
/// it reads the file before, into a spare frame that it took without the lock.</para>
/// <para>Beyond the budget there are at most: frames that readers pin, those that leave the cache while a reader is inside
/// (<see cref="FirstEntries"/>: for 16 ranges; <see cref="ScanState"/>: for <see cref="ScanState.ShortScan"/> entries), and
/// <see cref="SpareFrames"/> waiting for their next page. The page array itself costs 8 bytes a page of the file.</para>
/// <para>Threads: any.</para>
/// </remarks>
internal sealed class PageCache
{
    /// <summary>Emptied frames kept for the next misses.</summary>
    public const int SpareFrames = 8;

    private const int MissesPerReport = 64;

    /// <summary>How often a page that is hit is noted while as many pages are loaded as the cache holds.</summary>
    private const int RoundsPerTurn = 16;

    private readonly PageFile _file;
    private readonly ICacheGrant? _grant;
    private readonly ICachePolicy _policy;
    private readonly ReaderEpochs _epochs = new();
    private readonly Lock _gate = new();
    private readonly Queue<PageFrame> _retired = new();
    private readonly List<PageFrame> _pinned = [];
    private readonly PageFrame?[] _spare = new PageFrame?[SpareFrames];
    private readonly Stack<int> _freeSlots = new();
    private PageFrame?[] _frames = [];
    private uint[] _pagesBySlot = [];
    private int _slotCount;
    private long _misses;
    private long _reportedHits;
    private long _reportedMisses;
    private int _noteRound = 1;
    private long _allocated;
    private bool _closed;

    public PageCache(PageFile file, ICacheGrant? grant, long defaultBytes)
    {
        _file = file;
        _grant = grant;
        _policy = grant?.CreatePolicy() ?? new ClockPolicy(defaultBytes);
        grant?.OnRebalance(Follow);
        FilterBlocksPerPage = (uint)(file.PageBytes - PageFormat.HeaderBytes) / PointFilter.BlockBytes;
    }

    /// <summary>Filter blocks that a page holds.</summary>
    public uint FilterBlocksPerPage { get; }

    public int PageBytes => _file.PageBytes;

    /// <summary>Bytes of all frames, in use or not.</summary>
    public long AllocatedBytes => Volatile.Read(ref _allocated);

    /// <summary>Starts an operation of a reader.</summary>
    /// <returns>What the other members ask for; end with <see cref="Exit"/>, on the same thread or not.</returns>
    /// <exception cref="ObjectDisposedException">The index is closed.</exception>
    public ReaderSlot Enter()
    {
        ThrowIfClosed();
        return _epochs.Enter();
    }

    public void ThrowIfClosed() =>
        ObjectDisposedException.ThrowIf(Volatile.Read(ref _closed), typeof(BTreeIndexFamily));

    public static void Exit(ReaderSlot reader) => ReaderEpochs.Exit(reader);

    public StorageException Corrupt(uint page, string fact) => _file.Corrupt(page, fact);

    /// <summary>A page, from memory or from the file.</summary>
    /// <param name="reader">What <see cref="Enter"/> gave; the frame may be used until <see cref="Exit"/>, or be pinned.</param>
    /// <param name="number">The page's number.</param>
    /// <param name="type">What it must be.</param>
    /// <param name="owner">The run that it must belong to.</param>
    /// <param name="ordinal">Its place there.</param>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageFrame Get(ReaderSlot reader, uint number, PageType type, ulong owner, uint ordinal) =>
        Find(reader, number, owner) ?? Load(number, type, owner, ordinal);

    /// <summary>A page when it is in memory, otherwise null.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public PageFrame? Find(ReaderSlot reader, uint number, ulong owner)
    {
        PageFrame?[] frames = Volatile.Read(ref _frames);
        if (number < (uint)frames.Length && Volatile.Read(ref frames[number]) is { } frame && frame.Owner == owner)
        {
            reader.Hits++;
            if (frame.NotedIn != Volatile.Read(ref _noteRound))
            {
                NoteHit(reader, frame);
            }

            return frame;
        }

        return null;
    }

    /// <summary>Asks the memory for where a page's frame is found.</summary>
    public unsafe void PrefetchPlace(uint number)
    {
        PageFrame?[] frames = Volatile.Read(ref _frames);
        if (Sse.IsSupported && number < (uint)frames.Length)
        {
            // A prefetch never faults, so the address needs no pin: at worst it warms a line in vain.
            Sse.Prefetch0(Unsafe.AsPointer(ref frames[number]));
        }
    }

    /// <summary>Asks the memory for a page's frame, when the page is in memory.</summary>
    public void PrefetchFrame(uint number)
    {
        PageFrame?[] frames = Volatile.Read(ref _frames);
        if (number < (uint)frames.Length && Volatile.Read(ref frames[number]) is { } frame)
        {
            frame.Prefetch();
        }
    }

    /// <summary>Drops pages that are about to be written anew. No reader may be using them.</summary>
    public void Purge(ReadOnlySpan<Extent> extents)
    {
        lock (_gate)
        {
            foreach (Extent extent in extents)
            {
                long end = Math.Min(extent.End, _frames.Length);
                for (long page = extent.Start; page < end; page++)
                {
                    if (_frames[page] is { } frame)
                    {
                        _policy.Remove(new CacheSlot(frame.Slot));
                        Retire(frame);
                    }
                }
            }

            Reclaim();
        }
    }

    /// <summary>Forgets every page; later reads throw.</summary>
    public void Close()
    {
        lock (_gate)
        {
            Volatile.Write(ref _closed, true);
            foreach (PageFrame? frame in _frames)
            {
                if (frame is not null)
                {
                    _policy.Remove(new CacheSlot(frame.Slot));
                }
            }

            _frames = [];
            Array.Clear(_spare);
            _retired.Clear();
            _pinned.Clear();
            _grant?.Report(0, 0, 0);
        }
    }

    /// <summary>Tells the policy of a hit, now or in a while; of a page's first hit in a round alone, and no round ends
    /// while nothing is loaded.</summary>
    private void NoteHit(ReaderSlot reader, PageFrame frame)
    {
        frame.NotedIn = Volatile.Read(ref _noteRound);
        if (!reader.Note(new CacheSlot(frame.Slot)))
        {
            return;
        }

        ReadOnlySpan<CacheSlot> hits = reader.TakeNoted();
        if (_gate.TryEnter())
        {
            try
            {
                _policy.Touch(hits);
            }
            finally
            {
                _gate.Exit();
            }
        }
    }

    private PageFrame Load(uint number, PageType type, ulong owner, uint ordinal)
    {
        PageFrame frame = TakeFrame();
        try
        {
            _file.ReadRaw(frame.Bytes, number);
            _file.Check(frame.Bytes, number, type, owner, ordinal);
        }
        catch
        {
            GiveBack(frame);
            throw;
        }

        frame.Adopt(number, owner);
        lock (_gate)
        {
            _misses++;
            ThrowIfClosed();
            if (number >= (uint)_frames.Length)
            {
                PageFrame?[] grown = new PageFrame?[Math.Max(number + 1, (uint)Math.Min(2L * _frames.Length, Array.MaxLength))];
                _frames.CopyTo(grown, 0);
                Volatile.Write(ref _frames, grown);
            }

            if (_frames[number] is { } present)
            {
                if (present.Owner == owner)
                {
                    GiveBack(frame);
                    return present;
                }

                _policy.Remove(new CacheSlot(present.Slot));
                Retire(present);
            }

            Insert(frame);
            return frame;
        }
    }

    private PageFrame TakeFrame()
    {
        if (TakeSpare() is { } spare)
        {
            return spare;
        }

        Interlocked.Add(ref _allocated, _file.PageBytes);
        return new PageFrame(_file.PageBytes);
    }

    /// <summary>A spare frame, or null. Takes no lock; threads begin at different ones.</summary>
    private PageFrame? TakeSpare()
    {
        int first = Environment.CurrentManagedThreadId;
        for (int i = 0; i < SpareFrames; i++)
        {
            ref PageFrame? spare = ref _spare[(first + i) % SpareFrames];
            if (Volatile.Read(ref spare) is not null && Interlocked.Exchange(ref spare, null) is { } taken)
            {
                return taken;
            }
        }

        return null;
    }

    /// <summary>Takes a frame back that no reader can use. Takes no lock.</summary>
    private void GiveBack(PageFrame frame)
    {
        foreach (ref PageFrame? spare in _spare.AsSpan())
        {
            if (Volatile.Read(ref spare) is null && Interlocked.CompareExchange(ref spare, frame, null) is null)
            {
                return;
            }
        }

        Interlocked.Add(ref _allocated, -_file.PageBytes);
    }

    /// <summary>True when the next misses may find no spare frame.</summary>
    private bool IsShortOfSpares()
    {
        int count = 0;
        foreach (ref PageFrame? spare in _spare.AsSpan())
        {
            count += Volatile.Read(ref spare) is null ? 0 : 1;
        }

        return count < SpareFrames / 4;
    }

    private void Insert(PageFrame frame)
    {
        if (!_freeSlots.TryPop(out int slot))
        {
            slot = _slotCount++;
            if (slot == _pagesBySlot.Length)
            {
                Array.Resize(ref _pagesBySlot, Math.Max(64, 2 * slot));
            }
        }

        frame.Slot = slot;
        _pagesBySlot[slot] = frame.Number;
        Volatile.Write(ref _frames[frame.Number], frame);
        FollowGrant();
        ulong identity = frame.Owner ^ (frame.Number * 0x9E3779B97F4A7C15);
        _policy.Insert(new CacheSlot(slot), identity, _file.PageBytes);
        EvictToCapacity();
        if (IsShortOfSpares())
        {
            // All at once: asking which epochs are in use costs more than a miss's other bookkeeping.
            Reclaim();
        }

        if (_policy.Count <= RoundsPerTurn || _misses % (_policy.Count / RoundsPerTurn) == 0)
        {
            Volatile.Write(ref _noteRound, _noteRound + 1);
        }

        if (_misses - _reportedMisses >= MissesPerReport)
        {
            Report();
        }
    }

    /// <summary>Gives memory back that the share has no room for any more, and says how the cache does, unless somebody is
    /// at it: then that one will.</summary>
    private void Follow()
    {
        if (!_gate.TryEnter())
        {
            return;
        }

        try
        {
            if (!_closed)
            {
                FollowGrant();
                EvictToCapacity();
                Reclaim();
                Report();
            }
        }
        finally
        {
            _gate.Exit();
        }
    }

    private void FollowGrant()
    {
        if (_grant is not null && _grant.TargetBytes != _policy.CapacityBytes)
        {
            _policy.Resize(_grant.TargetBytes);
        }
    }

    private void EvictToCapacity()
    {
        while (_policy.TryEvict(out CacheSlot victim))
        {
            Retire(_frames[_pagesBySlot[victim.Index]]!);
        }
    }

    private void Report()
    {
        if (_grant is null)
        {
            return;
        }

        long hits = _epochs.TotalHits() - _reportedHits;
        long misses = _misses - _reportedMisses;

        // Before the call: it may come back through Follow.
        _reportedHits += hits;
        _reportedMisses += misses;
        _grant.Report(hits, misses, _policy.WeightBytes);
    }

    /// <summary>Takes a frame out of the page array; the policy has forgotten it already.</summary>
    private void Retire(PageFrame frame)
    {
        Volatile.Write(ref _frames[frame.Number], null);
        _freeSlots.Push(frame.Slot);
        frame.RetiredIn = _epochs.Retire();
        _retired.Enqueue(frame);
    }

    /// <summary>Turns frames that nobody can use any more into spare ones, or gives them to the collector.</summary>
    private void Reclaim()
    {
        for (int i = _pinned.Count - 1; i >= 0; i--)
        {
            if (!_pinned[i].IsPinned)
            {
                GiveBack(_pinned[i]);
                _pinned[i] = _pinned[^1];
                _pinned.RemoveAt(_pinned.Count - 1);
            }
        }

        if (_retired.Count == 0)
        {
            return;
        }

        // They were retired in the order of their stamps.
        long oldest = _epochs.OldestInUse();
        while (_retired.TryPeek(out PageFrame? frame) && frame.RetiredIn <= oldest)
        {
            _retired.Dequeue();
            if (frame.IsPinned)
            {
                _pinned.Add(frame);
            }
            else
            {
                GiveBack(frame);
            }
        }
    }
}
